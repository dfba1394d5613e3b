"""The timeline of an incident or alert: what happened, who said what, and each change that history has."""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from django.utils.translation import gettext as _

from accounts.visible import shown
from defender.shapes import Comment, moment, reading
from incidents.models import Alert, Change, Incident
from incidents.templatetags import ui

LATEST = datetime.max.replace(tzinfo=UTC)


@dataclass(frozen=True)
class Entry:
    """A moment: an alert, a comment, a change (with `alert`: of that one) or, with none, a word about the item."""

    at: datetime | None
    alert: Alert | None = None
    comment: Comment | None = None
    change: Change | None = None
    text: str = ""

    @property
    def clocks(self) -> str:
        """When the change was made at Microsoft and when it was seen here."""
        if self.change is None:
            return ""
        made, seen = self.change.microsoft_at, self.change.seen_at
        times = {"made": ui.to_the_second(made.astimezone(UTC)) if made else "–", "seen": ui.to_the_second(seen)}
        return _("Microsoft: %(made)s · seen here: %(seen)s") % times

    @property
    def before(self) -> str:
        return in_words(self.change.field, self.change.before) if self.change else ""

    @property
    def after(self) -> str:
        return in_words(self.change.field, self.change.after) if self.change else ""


def timeline(found: Incident | Alert, alerts: list[Alert], changes: Iterable[Change]) -> list[Entry]:
    """What happened, oldest first; what has no readable time stands last."""
    entries = [Entry(alert.first_activity_at or alert.microsoft_created_at, alert=alert) for alert in alerts]
    entries.append(Entry(found.microsoft_created_at, text=_("Created at Microsoft")))
    entries.append(Entry(found.microsoft_updated_at, text=_("Last change at Microsoft")))
    if isinstance(found, Incident):
        entries += [Entry(at, comment=comment) for comment, at in comments(found)]
    listed = {alert.pk: alert for alert in alerts}
    entries += [changed(change, listed) for change in changes]
    return sorted(entries, key=lambda entry: entry.at or LATEST)


def changed(change: Change, alerts: dict[UUID, Alert]) -> Entry:
    return Entry(change.microsoft_at or change.seen_at, alert=alerts.get(change.alert_id), change=change)


def in_words(field: str, value: str) -> str:
    """A value of history as the rest of the page says it, its hidden characters made visible."""
    match field:
        case "status":
            return str(ui.STATUS[value][1]) if value in ui.STATUS else ui.words(value) or _("Unknown")
        case "severity":
            return str(dict(Incident.Severity.choices).get(value) or ui.words(value) or _("Unknown"))
        case "assigned_to":
            return shown(value) or _("Unassigned")
        case "tags":
            return ", ".join(map(shown, json.loads(value))) or _("None")
        case "redirected_to":
            return f"#{shown(value)}" if value else "–"
    return ui.words(value) or _("Not set")


def comments(found: Incident) -> list[tuple[Comment, Any]]:
    record = reading.incident(bytes(found.raw))
    listed = record.value.comments if isinstance(record, reading.Record) else None
    return [(comment, moment(comment.written)) for comment in listed or () if comment]
