"""Take back what was asked for, and answer what an edit waits for: a conflict, or a refusal.

A worker that carries an edit shuts out other writers of its tenant first, and so does who takes one back: both touch
edits and the rows that they are of.
"""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.db.models import F
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts import audit
from accounts.models import User
from incidents import leases
from incidents.models import Alert, Edit, Incident
from incidents.triage import asking, overlay, values
from incidents.triage.asking import Outcome, Refused
from tenants import access

# After this nobody means it as taking back.
LONGEST = timedelta(minutes=10)


def undo(user: User, batch: UUID) -> Outcome:
    """Withdraw what has not been sent of the person's own batch, and ask for the reverse of what has."""
    own = Edit.objects.visible_to(user).filter(batch=batch, user=user, asked_at__gte=timezone.now() - LONGEST)
    for tenant in sorted(set(own.values_list("tenant", flat=True))):
        leases.lock_out_other_writers(tenant)
    edits = list(own.select_for_update(of=("self",)).order_by("pk"))
    outcome = Outcome()
    back: list[Edit] = []
    rows = {row.pk: row for model, column in ((Incident, "incident"), (Alert, "alert"))
            for row in asking.locked(user, model, keys(edits, column))}  # fmt: skip
    # The newest first, as they lie over one another.
    for edit in reversed(edits):
        item = rows[edit.item_id]
        if edit.state == Edit.State.PENDING and not edit.sent_at and not is_leased(edit):
            withdraw(edit, edit.seen)
            outcome.done.append(item)
        elif edit.state in (Edit.State.PENDING, Edit.State.CARRIED):
            reverse(user, item, edit, outcome, back)
    outcome.edits = asking.place(back)
    return outcome


def keys(edits: list[Edit], column: str) -> list[UUID]:
    alerts = column == "alert"
    return sorted({edit.item_id for edit in edits if bool(edit.alert_id) == alerts})


def is_leased(edit: Edit) -> bool:
    return edit.leased_until is not None and edit.leased_until > timezone.now()


def reverse(user: User, item: Any, edit: Edit, outcome: Outcome, back: list[Edit]) -> None:
    item.refresh_from_db(fields=["status", "assigned_to", "classification", "determination"])
    if edit.is_comment:
        outcome.refused.append((item, _("A comment stays, once Microsoft has it.")))
        return
    made = asking.edit(user, item, edit.seen, outcome.batch)
    if made:
        made.due_at = timezone.now()
        back.append(made)
    outcome.done.append(item)


def withdraw(edit: Edit, instead: Mapping[str, Any]) -> None:
    """The edit is over without having been carried; whatever lies over it now lies over these values."""
    Edit.objects.filter(pk=edit.pk).update(state=Edit.State.UNDONE, ended_at=timezone.now(), fence=F("fence") + 1)
    rebase(edit, instead)
    overlay.settle("alert" if edit.alert_id else "incident", edit.item_id)
    audit.record(
        audit.Action.UNDO, asking.subject(edit.item), customer_id=edit.customer_id, before=edit.changes,
        after=dict(instead),
    )  # fmt: skip


def rebase(edit: Edit, instead: Mapping[str, Any]) -> None:
    """Later edits of the item were asked for over this one, which has not come to be."""
    later = asking.of_item(edit.item).filter(state=Edit.State.PENDING, pk__gt=edit.pk)
    for one in later.select_for_update(of=("self",)).order_by("pk"):
        common = one.seen.keys() & edit.changes.keys() & instead.keys()
        for field in list(common):
            if values.same(field, one.seen[field], edit.changes[field]):
                one.seen[field] = instead[field]
        if common:
            one.save(update_fields=["seen"])


def choose(user: User, pk: int, choice: str) -> Outcome:
    """Answer for an edit that waits for a person: `mine` and `retry` ask again, `theirs` leaves it."""
    found = access.get(Edit.objects, user, pk=pk)
    leases.lock_out_other_writers(found.tenant_id)
    (item,) = asking.locked(user, Alert if found.alert_id else Incident, [found.item_id])
    edit = Edit.objects.filter(pk=pk, state__in=Edit.STUCK).select_for_update(of=("self",)).first()
    if edit is None:
        raise Refused(_("It has been settled already."))
    outcome = Outcome(done=[item])
    if choice == "theirs":
        withdraw(edit, edit.theirs or edit.seen)
        return outcome
    asking.check(item)
    again = asking.edit(user, item, edit.changes, outcome.batch)
    Edit.objects.filter(pk=edit.pk).update(state=Edit.State.UNDONE, ended_at=timezone.now())
    outcome.edits = asking.place([again] if again else [])
    return outcome
