"""Reads: what pages show, always of the customers whom the person may see."""

import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.contrib.postgres.search import SearchQuery
from django.db.models import Count, Max, Prefetch, Q, QuerySet
from django.utils import timezone

from accounts.models import User
from incidents import proofs
from incidents.filters import Filters
from incidents.models import Alert, Change, Evidence, Incident, SetAside, SyncState
from incidents.proofs import Proof
from tenants.models import Customer, Tenant

PAGE_SIZE = 50
MOST_FOUND = 10_000
EVIDENCE = Prefetch("evidence", Evidence.objects.order_by("position"))  # in Microsoft's order
STALE = timedelta(minutes=5)
SPLIT = re.compile(r"[\x00-\x2f\x3a-\x40\x5b-\x60\x7b-\x7f]+")  # as store.py splits the words it keeps


@dataclass(frozen=True)
class Page:
    """One page of a list; `after` leads to the next one, '' on the last."""

    rows: list[Any]
    after: str


def queue(user: User, filters: Filters) -> Page:
    """Incidents, newest change first."""
    rows = filtered(Incident.objects.visible_to(user), filters).select_related("customer")
    return paged(rows.defer("raw", "description", "search"), filters.after)


def alerts_alone(user: User, filters: Filters) -> Page:
    """Alerts that belong to no incident we know, newest change first."""
    rows = Alert.objects.visible_to(user).filter(incident=None).select_related("customer")
    if filters.tenant:
        rows = rows.filter(customer__in=filters.tenant)
    return paged(rows.defer("raw", "description"), filters.after)


def paged(rows: QuerySet[Any], after: str) -> Page:
    found = list(in_order(rows, after)[: PAGE_SIZE + 1])
    page = found[:PAGE_SIZE]
    return Page(page, address(page[-1]) if len(found) > PAGE_SIZE else "")


def in_order(rows: QuerySet[Any], after: str) -> QuerySet[Any]:
    """The rows behind the last one seen, found by their place in the order and not by counting.

    A row whose time could not be read stands first: that is the order of the indexes, and nobody overlooks it there.
    """
    place = parsed(after)
    if place:
        rows = rows.filter(behind(*place))
    return rows.order_by("-microsoft_updated_at", "-pk")


def behind(at: datetime | None, pk: UUID) -> Q:
    if at is None:
        return Q(microsoft_updated_at__isnull=True, pk__lt=pk) | Q(microsoft_updated_at__isnull=False)
    # The outer condition says the same less exactly; an index can begin at it, at an OR it cannot.
    return Q(microsoft_updated_at__lte=at) & (Q(microsoft_updated_at__lt=at) | Q(pk__lt=pk))


def address(row: Any) -> str:
    at = row.microsoft_updated_at
    return f"{at.isoformat() if at else ''}_{row.pk}"


def parsed(after: str) -> tuple[datetime | None, UUID] | None:
    at, _, pk = after.partition("_")
    try:
        moment = datetime.fromisoformat(at) if at else None
        return (moment, UUID(pk)) if moment is None or moment.tzinfo else None
    except ValueError:
        return None


def filtered(rows: QuerySet[Any], filters: Filters) -> QuerySet[Any]:
    rows = of_view(rows, filters)
    if filters.tenant:
        rows = rows.filter(customer__in=filters.tenant)
    if filters.severity:
        rows = rows.filter(severity__in=filters.severity)
    if filters.status:
        rows = rows.filter(status__in=filters.status)
    if filters.q:
        rows = rows.filter(pk__in=matching(rows, filters.q))
    return rows


def of_view(rows: QuerySet[Any], filters: Filters) -> QuerySet[Any]:
    if filters.view == "all" or (filters.status and filters.view == "open"):
        return rows
    if filters.view == "resolved":
        return rows.filter(status=Incident.Status.RESOLVED)
    return rows.exclude(status__in=Incident.CLOSED)


def matching(rows: QuerySet[Any], text: str) -> list[UUID]:
    """The ids that the words find; looked up first, since the database would else walk the whole time order."""
    terms = [" <-> ".join(words[:-1] + [f"{words[-1]}:*"]) for term in text.lower().split() if (words := split(term))]
    if not terms:
        return []
    query = SearchQuery(" & ".join(f"({term})" for term in terms), config="simple", search_type="raw")
    return list(rows.filter(search=query).order_by().values_list("pk", flat=True)[:MOST_FOUND])


def split(term: str) -> list[str]:
    return [f"'{word}'" for word in SPLIT.split(term) if word]


@dataclass(frozen=True)
class Overview:
    """The header of the queue: how much is open, how fresh and how complete it is, and who could not be read."""

    open: int
    customers: int
    alone: int
    read_at: datetime | None
    stale: bool
    failing: list[SyncState]
    connected: int
    proof: Proof


def overview(user: User) -> Overview:
    mine = Incident.objects.visible_to(user).exclude(status__in=Incident.CLOSED)
    totals = mine.aggregate(open=Count("pk"), customers=Count("customer", distinct=True))
    states = SyncState.objects.live().visible_to(user).filter(tenant__state=Tenant.State.CONNECTED)
    read_at = states.aggregate(at=Max("completed_at"))["at"]
    connected = Tenant.objects.visible_to(user).connected().count()
    failing = list(states.exclude(error="").select_related("customer").order_by("customer__name", "stream"))
    return Overview(
        totals["open"],
        totals["customers"],
        Alert.objects.visible_to(user).filter(incident=None).count(),
        read_at,
        read_at is not None and read_at < timezone.now() - STALE,
        one_of_each(failing),
        connected,
        proofs.overall(user, connected),
    )


def one_of_each(states: list[SyncState]) -> list[SyncState]:
    """Both streams of a tenant often fail for one reason: it is said once."""
    return list({(state.tenant_id, state.error): state for state in states}.values())


def customers(user: User) -> QuerySet[Customer]:
    return Customer.objects.visible_to(user).order_by("name")


def alerts_of(incident: Incident) -> list[Alert]:
    alerts = incident.alerts.prefetch_related(EVIDENCE).defer("raw")
    return sorted(alerts, key=lambda alert: alert.first_activity_at or alert.microsoft_created_at or timezone.now())


def evidence_by_kind(alerts: list[Alert]) -> dict[str, list[Evidence]]:
    """Each thing once, by kind and name."""
    kinds: dict[str, dict[str, Evidence]] = {}
    for alert in alerts:
        for item in alert.evidence.all():
            kinds.setdefault(item.kind, {}).setdefault(item.name or f"#{item.position}", item)
    return {kind: list(items.values()) for kind, items in sorted(kinds.items())}


def changes(found: Incident | Alert, alerts: list[Alert]) -> QuerySet[Change]:
    """What history has of an incident and these alerts of it, or of a single alert; in the order it was seen."""
    own = Q(incident=found, alert=None) if isinstance(found, Incident) else Q(pk__in=[])
    rows = Change.objects.filter(own | Q(alert__in=[alert.pk for alert in alerts]), tenant=found.tenant_id)
    return rows.exclude(field=Change.Field.CREATED).order_by("pk")


def survivor(incident: Incident) -> Incident | None:
    """Where a merged incident leads: to the end of its chain, or as long as that is unknown one step on."""
    if not incident.is_link:
        return None
    if incident.survivor:
        return incident.survivor
    return Incident.objects.filter(tenant=incident.tenant_id, microsoft_id=incident.redirected_to).first()


def set_aside(user: User) -> QuerySet[SetAside]:
    return SetAside.objects.visible_to(user).select_related("customer", "tenant").order_by("-last_seen_at")[:200]
