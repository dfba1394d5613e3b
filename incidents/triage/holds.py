"""An incident waits for its customer, or sleeps until a time; and what ends that.

A person ends it, its time, or an event: a change by somebody else at Microsoft, a new alert, the end of the incident.
The row of the incident is always locked before that of the hold.
"""

from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models.functions import Now
from django.utils import timezone
from django.utils.translation import gettext as _

from defender.shapes import Record, reading
from incidents.models import Hold, Incident
from incidents.triage import values

# What somebody who waits wants to hear of.
FOLLOWED = ("status", "severity", "assigned_to", "classification", "determination", "custom_tags")
WOKEN_AT_ONCE = 500
quiet: ContextVar[bool] = ContextVar("quiet", default=False)


@contextmanager
def quietly() -> Iterator[None]:
    """What is stored inside is the answer to a change of ours, and wakes nobody."""
    before = quiet.set(True)
    try:
        yield
    finally:
        quiet.reset(before)


def begin(incident: Incident, kind: str, by: str, reason: str, until: datetime | None, *, on_change: bool) -> Hold:
    """Let the incident, which is locked, wait from now on; another hold of it ends with that."""
    end(incident, by, _("Another one began."))
    hold: Hold = Hold.objects.create(
        customer_id=incident.customer_id, tenant_id=incident.tenant_id, incident=incident, kind=kind, reason=reason,
        by=by, until=until, wakes_on_change=on_change,
    )  # fmt: skip
    Incident.objects.filter(pk=incident.pk).update(held=kind)
    return hold


def end(incident: Incident, by: str, why: str) -> bool:
    """End the open hold of the incident, which is locked; False when there is none."""
    ended = Hold.objects.filter(incident=incident, ended_at=None).update(ended_at=Now(), ended_by=by, why_ended=why)
    Incident.objects.filter(pk=incident.pk).exclude(held="").update(held="")
    return bool(ended)


def wake(reasons: Mapping[UUID, str]) -> None:
    """End the holds of these incidents, which are locked, each for its reason."""
    for pk, why in reasons.items():
        Hold.objects.filter(incident=pk, ended_at=None).update(ended_at=Now(), why_ended=why)
    if reasons:
        Incident.objects.filter(pk__in=list(reasons)).update(held="")


def wake_due() -> int:
    """End the holds whose time has come; the next tick finds what is locked or too much for this one."""
    due = Hold.objects.filter(ended_at=None, until__lte=timezone.now()).values("incident")
    with transaction.atomic():
        found = Incident.objects.select_for_update(skip_locked=True).filter(pk__in=due).order_by("pk")
        keys = list(found.values_list("pk", flat=True)[:WOKEN_AT_ONCE])
        # One of them may have been put off since it was looked for.
        late = Hold.objects.filter(incident__in=keys, ended_at=None, until__lte=timezone.now())
        reasons = dict.fromkeys(late.values_list("incident", flat=True), _("Its time has come."))
        wake(reasons)
    return len(reasons)


def reasons(table: str, changed: Mapping[UUID, Record[Any]]) -> dict[UUID, str]:
    """Of these new versions of incidents, the ones that end a hold, and why; the stored ones are still the old."""
    if table != "incident":
        return {}
    found = {}
    for hold in Hold.objects.filter(incident__in=list(changed), ended_at=None).select_related("incident"):
        value = changed[hold.incident_id].value
        if value.status in Incident.CLOSED:
            found[hold.incident_id] = _("The incident has ended.")
        elif hold.wakes_on_change and not quiet.get() and (what := difference(hold.incident, value)):
            found[hold.incident_id] = what
    return found


def difference(stored: Incident, value: Any) -> str:
    """What somebody has changed since the stored version, '' when it is nothing that one would wait for."""
    record = reading.incident(bytes(stored.raw))
    old = record.value if isinstance(record, Record) else None
    if old is None:
        return ""
    if len(old.comments or ()) < len(value.comments or ()):
        return _("A new comment.")
    for field in FOLLOWED:
        key = "customTags" if field == "custom_tags" else field
        if not values.same(key, getattr(old, field), getattr(value, field)):
            return _("It was changed at Microsoft.")
    return ""


def alerted(incidents: Collection[UUID]) -> None:
    """New alerts have come to these incidents."""
    if not incidents or quiet.get():
        return
    waiting = Incident.objects.filter(pk__in=incidents).exclude(held="").select_for_update().order_by("pk")
    keys = list(waiting.values_list("pk", flat=True))
    held = Hold.objects.filter(incident__in=keys, ended_at=None, wakes_on_change=True)
    wake(dict.fromkeys(held.values_list("incident", flat=True), _("A new alert.")))
