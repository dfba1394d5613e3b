"""Ask for a change: the edit, the line in the audit trail and the value in the row, in one transaction.

The rows have to be locked by then (`locked`), so that what the person saw and what is asked for cannot cross.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

from django.db.models.functions import Now
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts import audit
from accounts.models import User
from incidents import leases
from incidents.models import Alert, Edit, Incident
from incidents.triage import overlay, values
from tenants.models import Tenant

# For so long a change of owner or status can be taken back before Microsoft hears of it.
UNDO = timedelta(seconds=10)
UNDOABLE = {"assignedTo", "status"}


class Refused(Exception):
    """Nothing was asked for; the sentence says why, in plain words."""


@dataclass
class Outcome:
    """What became of a wish, item by item; `batch` is the name by which it is undone."""

    batch: UUID = field(default_factory=uuid4)
    done: list[Any] = field(default_factory=list)
    refused: list[tuple[Any, str]] = field(default_factory=list)
    edits: list[Edit] = field(default_factory=list)

    @property
    def undoable(self) -> bool:
        return any(UNDOABLE & edit.changes.keys() for edit in self.edits)


def locked(user: User, model: Any, keys: Collection[UUID]) -> list[Any]:
    """The items that the person may see, locked for the transaction in the order of their ids."""
    found = model.objects.visible_to(user).filter(pk__in=keys)
    if len(keys) > 1:
        # A worker that stores a page locks many rows in an order of its own.
        for tenant in sorted(set(found.values_list("tenant", flat=True))):
            leases.lock_out_other_writers(tenant)
    rows = found.select_for_update(of=("self",)).select_related("customer", "tenant").defer("description", "raw")
    return list((rows.defer("search") if model is Incident else rows).order_by("pk"))


def check(item: Any) -> None:
    """Refused when nothing of the item can be changed at Microsoft."""
    who = {"customer": item.customer.name}
    if item.tenant.state != Tenant.State.CONNECTED:
        raise Refused(_("%(customer)s is not connected any more.") % who)
    if not item.tenant.can_write:
        raise Refused(
            _("%(customer)s lets us read only: its administrator has to approve that we may change incidents.") % who
        )
    if item.status == Incident.Status.REDIRECTED:
        raise Refused(_("Microsoft has merged it into another incident."))


def edit(user: User, item: Any, changes: Mapping[str, Any], batch: UUID) -> Edit | None:
    """The edit by which the item gets these values; None when it has them all."""
    seen = values.of_row(item, changes)
    news = {key: value for key, value in changes.items() if key not in seen or not values.same(key, value, seen[key])}
    wanted = values.with_pair(news, changes)
    if not wanted:
        return None
    alert = item if isinstance(item, Alert) else None
    wait = UNDO if UNDOABLE & wanted.keys() else timedelta()
    return Edit(
        customer_id=item.customer_id, tenant_id=item.tenant_id, alert=alert, batch=batch, changes=wanted, user=user,
        incident_id=item.incident_id if alert else item.pk, seen={key: seen[key] for key in wanted if key in seen},
        seen_text=item.microsoft_updated_text, by=str(user)[:200], due_at=timezone.now() + wait,
    )  # fmt: skip


def place(edits: Iterable[Edit]) -> list[Edit]:
    """Write the edits down, show their values, and say in the audit trail who asked for them."""
    made: list[Edit] = Edit.objects.bulk_create(list(edits))
    for one in made:
        supersede(one)
    overlay.lay("incident", [one.incident_id for one in made if not one.alert_id])
    overlay.lay("alert", [one.alert_id for one in made if one.alert_id])
    for one in made:
        audit.record(
            audit.Action.EDIT, subject(one.item), customer_id=one.customer_id, before=one.seen, after=one.changes,
            outcome=audit.Outcome.ASKED,
        )  # fmt: skip
    return made


def supersede(made: Edit) -> None:
    """Who asks for a field anew has answered what an earlier edit of it was waiting for."""
    stuck = of_item(made.item).filter(state__in=Edit.STUCK, pk__lt=made.pk)
    over = [one.pk for one in stuck if one.changes.keys() & made.changes.keys() - {"comment"}]
    if over:
        Edit.objects.filter(pk__in=over).update(state=Edit.State.UNDONE, ended_at=Now())


def of_item(item: Any) -> Any:
    """The edits of one incident, without those of its alerts, or of one alert."""
    if isinstance(item, Alert):
        return Edit.objects.filter(alert=item)
    return Edit.objects.filter(incident=item, alert=None)


def subject(item: Any) -> audit.Subject:
    return audit.Subject("alert" if isinstance(item, Alert) else "incident", item.microsoft_id, item.title)
