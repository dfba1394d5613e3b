"""What stands beside an item of its edits: pending, in conflict, refused."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db.models import Q

from accounts.models import User
from accounts.visible import shown
from incidents.models import Alert, Edit
from incidents.templatetags import ui
from incidents.triage import owners, values

OPEN = (Edit.State.PENDING, *Edit.STUCK)


@dataclass(frozen=True)
class Mark:
    """An edit that is not over, as its item shows it."""

    edit: Edit

    @property
    def what(self) -> str:
        """Its fields, in words."""
        return ", ".join(str(values.LABELS.get(field, field)) for field in self.edit.changes)

    @property
    def is_pending(self) -> bool:
        return bool(self.edit.state == Edit.State.PENDING)

    @property
    def is_conflict(self) -> bool:
        return bool(self.edit.state == Edit.State.CONFLICT)


@dataclass(frozen=True)
class Side:
    """One field of an edit: what the person saw, what was asked for, what Microsoft has."""

    label: str
    seen: str
    asked: str
    theirs: str
    differs: bool


def attach(items: Iterable[Any]) -> None:
    """Give each of these incidents, or each of these alerts, its `marks`: one query for a page of them."""
    listed = list(items)
    found: dict[UUID, list[Mark]] = defaultdict(list)
    edits = Edit.objects.filter(state__in=OPEN).filter(
        Q(incident__in=[item.pk for item in listed if not isinstance(item, Alert)], alert=None)
        | Q(alert__in=[item.pk for item in listed if isinstance(item, Alert)])
    )
    for edit in edits.order_by("pk"):
        found[edit.item_id].append(Mark(edit))
    for item in listed:
        item.marks = found.get(item.pk, [])


def shown_to(user: User, item: Any) -> dict[str, Any]:
    """What `_pending.html` needs of one item; a customer's own people are shown nothing of it."""
    if not hasattr(item, "marks"):
        attach([item])
    listed = item.marks if user.role in User.STAFF else []
    may, pending = user.role in owners.ROLES, any(mark.is_pending for mark in listed)
    alone = isinstance(item, Alert)
    return {"item": item, "marks": listed, "may_triage": may, "asks_again": may and pending, "is_alert": alone}


def sides(edit: Edit) -> Iterator[Side]:
    theirs: Mapping[str, Any] = edit.theirs or {}
    for field, asked in edit.changes.items():
        seen = in_words(field, edit.seen[field]) if field in edit.seen else "–"
        now = in_words(field, theirs[field]) if field in theirs else ""
        yield Side(str(values.LABELS[field]), seen, in_words(field, asked), now, field in theirs)


def in_words(field: str, value: Any) -> str:
    """A value as a person says it, its hidden characters made visible."""
    if field == "customTags":
        return ", ".join(map(shown, value)) or "–"
    if field in ("assignedTo", "comment", "resolvingComment"):
        return shown(value) or "–"
    known = values.INCIDENT_STATUS | values.ALERT_STATUS | values.CLASSIFICATIONS | values.DETERMINATIONS
    return str(known.get(value) or ui.words(value) or "–")
