"""The tenants that a person may see, worst first: each directory, and each invitation that has led to none yet."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import TypeVar

from django.db.models import Count, Max, Q, QuerySet
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from incidents import progress, proofs
from incidents import tenant_conditions as conditions
from incidents.models import Incident, SyncState
from incidents.progress import Progress
from incidents.proofs import Proof
from incidents.tenant_conditions import Condition, Data, Words
from tenants import invitations
from tenants.models import Customer, Invitation, InvitationEvent, Tenant

VIEWS = {
    "all": _("All"),
    "attention": _("Needs attention"),
    "onboarding": _("Onboarding"),
    "live": _("Live"),
}
STEPS = (_("Invited"), _("Consent"), _("First import"), _("Live"))
LONGEST_LOG = 50
Item = TypeVar("Item")


@dataclass(frozen=True)
class Visits:
    """How often an invitation's link was opened."""

    times: int
    last: datetime


@dataclass(frozen=True)
class Row:
    """A directory with the facts of its onboarding and its reads, or an invitation that still waits for one.

    `invitation` is the one to act on, `approval` the one by which the directory was connected; either may be missing.
    """

    customer: Customer
    condition: Condition
    tenant: Tenant | None = None
    invitation: Invitation | None = None
    approval: Invitation | None = None
    data: Data = field(default_factory=Data)
    visits: Visits | None = None
    open_incidents: int = 0
    past: Progress | None = None
    proof: Proof | None = None

    @property
    def key(self) -> str:
        """Names the row among those of a page."""
        if self.tenant:
            return f"t{self.tenant.pk}"
        return f"i{self.invitation.pk}" if self.invitation else f"c{self.customer.pk}"

    def get_absolute_url(self) -> str:
        if self.tenant:
            return reverse("tenant", args=[self.tenant.pk])
        if self.invitation:
            return reverse("tenant-invitation", args=[self.invitation.pk])
        return reverse("tenants")

    @property
    def steps(self) -> list[tuple[Words, str]]:
        """The name and the look of each step."""
        return list(zip(STEPS, self.condition.steps, strict=True))

    @property
    def link(self) -> str:
        """The link to copy, '' when there is none that works or somebody has approved by it a moment ago."""
        wanted = self.invitation and self.invitation.is_open and self.invitation.state != Invitation.State.PROVING
        return invitations.link(self.invitation) if self.invitation and wanted else ""

    @property
    def first(self) -> Invitation | None:
        """The invitation that a new one takes its address from."""
        return self.invitation or self.approval

    @property
    def action(self) -> str:
        """The one next step that an administrator can take: copy, renew, invite or none."""
        if self.link:
            return "copy"
        proving = self.invitation and self.invitation.state == Invitation.State.PROVING
        if proving or self.condition.level == "ok":
            return ""
        return "renew" if self.first else "invite"

    @property
    def renewal(self) -> Words:
        words = {"revoked": _("Ask again"), "disconnected": _("Connect again")}
        return words.get(self.condition.key, _("New link"))

    @property
    def note(self) -> Words:
        """One sentence about what is wrong, '' when nothing is."""
        if self.condition.key == "expired":
            return _("Nobody approved before the link expired.")
        if not self.condition.attention:
            return ""
        if self.data.failing:
            return self.data.failing.error
        if self.invitation is None:
            return ""
        stopped = self.condition in (conditions.NOT_APPROVED, conditions.DECLINED)
        said = conditions.STOPS.get(self.invitation.error_kind) if stopped else None
        return said or self.invitation.error

    @property
    def code(self) -> str:
        """Microsoft's code for what is wrong with the invitation."""
        return self.invitation.error_code if self.invitation and self.condition.attention else ""

    @property
    def advice(self) -> Words:
        """What the provider's people can do about it; '' when there is nothing to do or to say."""
        if not self.condition.attention:
            return ""
        if self.data.failing:
            return conditions.ADVICE.get(self.data.failing.error_kind, "")
        return conditions.ADVICE.get(self.invitation.error_kind, "") if self.invitation else ""

    @property
    def asked_at(self) -> datetime | None:
        """When the invitation came to where it stands."""
        one = self.invitation
        if one is None or self.tenant:
            return None
        if self.condition in (conditions.EXPIRED, conditions.CANCELLED):
            return one.cancelled_at or one.expires_at
        return one.proof_began_at or one.created_at

    @property
    def approved_at(self) -> datetime | None:
        if self.approval:
            return self.approval.used_at
        return self.tenant.approved_at if self.tenant else None

    def matches(self, text: str) -> bool:
        directory = (self.tenant.domain, str(self.tenant.entra_id)) if self.tenant else ()
        email = (self.first.email,) if self.first else ()
        return any(text.casefold() in value.casefold() for value in (self.customer.name, *directory, *email))


@dataclass(frozen=True)
class Numbers:
    """What only a list shows, by directory."""

    open_incidents: dict[int, int] = field(default_factory=dict)
    pasts: dict[int, Progress] = field(default_factory=dict)
    proofs: dict[int, Proof] = field(default_factory=dict)


@dataclass(frozen=True)
class Facts:
    """What rows are made of: visits by invitation, all else by directory."""

    states: dict[int, list[SyncState]]
    visits: dict[int, Visits]
    numbers: Numbers


def listing(user: User) -> list[Row]:
    """All that the person may see, with its numbers."""
    numbers = Numbers(open_incidents(user), progress.by_tenant(user), proofs.by_tenant(user))
    return rows(user, Customer.objects.visible_to(user), numbers)


def attention(user: User) -> int:
    """How many rows need attention; only customers of whom one can are looked at."""
    failing = SyncState.objects.live().visible_to(user).exclude(error="").values("customer")
    waiting = Invitation.objects.visible_to(user).filter(used_at=None, cancelled_at=None).values("customer")
    customers = Customer.objects.visible_to(user).filter(Q(pk__in=failing) | Q(pk__in=waiting))
    return sum(row.condition.attention for row in rows(user, customers, Numbers()))


def rows(user: User, customers: QuerySet[Customer], numbers: Numbers) -> list[Row]:
    """The rows of these customers, worst first, then by name; as many queries for one as for all."""
    of_these = {"customer__in": list(customers)}
    tenants = grouped(Tenant.objects.visible_to(user).filter(**of_these), "customer_id")
    asked = list(Invitation.objects.visible_to(user).filter(**of_these))
    states = grouped(SyncState.objects.live().visible_to(user).filter(**of_these), "tenant_id")
    facts = Facts(states, visits(asked), numbers)
    by_customer = grouped(asked, "customer_id")
    found = [
        row
        for customer in of_these["customer__in"]
        for row in rows_of(customer, tenants[customer.pk], by_customer[customer.pk], facts)
    ]
    return sorted(found, key=lambda row: (row.condition.rank, row.customer.name.casefold(), row.key))


def grouped(items: Iterable[Item], name: str) -> dict[int, list[Item]]:
    groups: dict[int, list[Item]] = defaultdict(list)
    for item in items:
        groups[getattr(item, name)].append(item)
    return groups


def visits(asked: Iterable[Invitation]) -> dict[int, Visits]:
    opened = InvitationEvent.objects.filter(invitation__in=list(asked), kind=InvitationEvent.Kind.OPENED).order_by()
    counted = opened.values("invitation").annotate(times=Count("pk"), last=Max("at"))
    return {found["invitation"]: Visits(found["times"], found["last"]) for found in counted}


def open_incidents(user: User) -> dict[int, int]:
    """By directory."""
    mine = Incident.objects.visible_to(user).exclude(status__in=Incident.CLOSED).order_by()
    return dict(mine.values_list("tenant").annotate(Count("pk")))


def rows_of(customer: Customer, tenants: Sequence[Tenant], asked: Sequence[Invitation], facts: Facts) -> Iterator[Row]:
    """The directories of a customer, then the invitations that belong to none of them; `asked` is newest first."""
    waiting = [one for one in asked if not one.used_at and not one.cancelled_at]
    for tenant in tenants:
        row = row_of_tenant(customer, tenant, asked, facts)
        again = next((one for one in waiting if is_for(one, row)), None)
        if again:
            waiting.remove(again)
        yield replace(row, invitation=again, visits=facts.visits.get(again.pk) if again else None)
    latest = max((tenant.approved_at for tenant in tenants), default=None)
    if not waiting and not tenants:
        yield without_link(customer, asked)
    for one in waiting:
        condition = conditions.of_invitation(one)
        # Who was asked beside the one who approved needs no new link.
        if not (latest and condition == conditions.EXPIRED and one.created_at < latest):
            yield Row(customer, condition, invitation=one, visits=facts.visits.get(one.pk))


def row_of_tenant(customer: Customer, tenant: Tenant, asked: Sequence[Invitation], facts: Facts) -> Row:
    approval = next((one for one in asked if one.used_at and one.tenant_id == tenant.pk), None)
    data = conditions.data_of(facts.states.get(tenant.pk, []), approval.used_at if approval else None)
    past = facts.numbers.pasts.get(tenant.pk)
    return Row(
        customer,
        conditions.of_tenant(tenant, data, reads_past=past is not None),
        tenant=tenant,
        approval=approval,
        data=data,
        open_incidents=facts.numbers.open_incidents.get(tenant.pk, 0),
        past=past,
        proof=facts.numbers.proofs.get(tenant.pk),
    )


def is_for(invitation: Invitation, row: Row) -> bool:
    """Whether the invitation asks for this directory again: by its ID, or while that is unknown since one must."""
    if invitation.entra_id:
        return row.tenant is not None and invitation.entra_id == row.tenant.entra_id
    return row.condition in (conditions.REVOKED, conditions.DISCONNECTED)


def without_link(customer: Customer, asked: Sequence[Invitation]) -> Row:
    ended = next((one for one in asked if one.cancelled_at), None)
    return Row(customer, conditions.CANCELLED if ended else conditions.UNINVITED, invitation=ended)


def counts(found: Iterable[Row]) -> dict[str, int]:
    """The number of rows in each view."""
    listed = list(found)
    return {view: sum(in_view(row, view) for row in listed) for view in VIEWS}


def in_view(row: Row, view: str) -> bool:
    if view == "attention":
        return row.condition.attention
    return view == "all" or row.condition.tab == view


def log(user: User, row: Row) -> QuerySet[InvitationEvent]:
    """What happened with the customer's invitations, newest first, without those of its other directories."""
    events = InvitationEvent.objects.visible_to(user).filter(invitation__customer=row.customer)
    own = Q(invitation__tenant=None) | Q(invitation__tenant=row.tenant) if row.tenant else Q(invitation__tenant=None)
    return events.filter(own).select_related("invitation")[:LONGEST_LOG]
