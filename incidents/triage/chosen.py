"""Which items an act is for: those that were ticked, or all that match the filters of the list."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db.models import Case, F, IntegerField, QuerySet, Value, When
from django.http import QueryDict
from django.utils.translation import gettext as _

from accounts.models import User
from incidents import filters, queries
from incidents.models import Alert, Incident
from incidents.triage.asking import Refused
from tenants.models import Tenant

# More at once would hold up everybody else; the filters make them fewer.
MOST = 2000
# From here on a person confirms.
UNASKED = 25
SEVERITIES = ("high", "medium", "low")


@dataclass(frozen=True)
class Chosen:
    """The keys of the items; `matching` when they were chosen by the list's filters."""

    model: Any
    keys: tuple[UUID, ...]
    matching: bool = False

    @property
    def needs_confirming(self) -> bool:
        return self.matching or len(self.keys) > UNASKED


def chosen(user: User, form: QueryDict) -> Chosen:
    """Refused when nothing is chosen, or too much."""
    model = Alert if form.get("kind") == "alerts" else Incident
    if form.get("matching") == "1":
        keys = tuple(matching(user, form.get("query", ""), model).values_list("pk", flat=True)[: MOST + 1])
    else:
        keys = tuple(sorted({key for text in form.getlist("ids") if (key := parsed(text))}))
    if not keys:
        raise Refused(_("Nothing is selected."))
    if len(keys) > MOST:
        raise Refused(_("These are more than %(most)s: narrow the filters.") % {"most": f"{MOST:,}"})
    return Chosen(model, keys, form.get("matching") == "1")


def matching(user: User, query: str, model: Any) -> QuerySet[Any]:
    """All that the list of this address shows."""
    found = filters.from_address(QueryDict(query.removeprefix("?")))
    rows = model.objects.visible_to(user)
    if model is Alert:
        rows = rows.filter(incident=None)
        return rows.filter(customer__in=found.tenant) if found.tenant else rows
    return queries.filtered(rows, found)


def parsed(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None


def next_one(user: User) -> Incident | None:
    """The most urgent open incident that nobody has, locked; who asks at the same moment gets another one."""
    rank = Case(*(When(severity=name, then=Value(place)) for place, name in enumerate(SEVERITIES)),
                default=Value(len(SEVERITIES)), output_field=IntegerField())  # fmt: skip
    rows = Incident.objects.visible_to(user).exclude(status__in=Incident.CLOSED).filter(assigned_to="", held="")
    writable = Tenant.objects.filter(can_write=True, state=Tenant.State.CONNECTED)
    urgent = rows.filter(tenant__in=writable).order_by(F("due_at").asc(nulls_last=True), rank, "microsoft_created_at")
    locked = urgent.select_for_update(of=("self",), skip_locked=True).select_related("customer", "tenant")
    found: Incident | None = locked.defer("search", "raw", "description").first()
    return found
