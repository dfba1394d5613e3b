"""Reads of the audit trail: all of it for administrators, for everybody else the lines of the customers they see."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import MAXYEAR, date, datetime, time, timedelta
from itertools import chain
from typing import Any
from urllib.parse import urlencode

from django.db.models import Q, QuerySet
from django.http import QueryDict
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts import sheets
from accounts.audit import Action, Kind, Outcome
from accounts.models import AuditEntry, User
from tenants.models import Customer

PAGE_SIZE = 50
# So much is read into memory for one file; who wants more takes it in pieces, by period.
MOST_EXPORTED = 50_000
LONGEST_TEXT = 200
LARGEST = 2**63 - 1
COLUMNS = (
    "number", "at", "actor_kind", "actor", "actor_id", "actor_ip", "action", "subject_kind", "subject_id", "subject",
    "customer", "before", "after", "outcome", "request_id",
)  # fmt: skip


@dataclass(frozen=True)
class Filters:
    """What the address asks for; what it says that is not understood is left out."""

    q: str = ""
    who: str = ""
    action: str = ""
    customer: int = 0
    outcome: str = ""
    since: date | None = None
    to: date | None = None
    after: int = 0

    @property
    def active(self) -> bool:
        return self != Filters(after=self.after)

    def query(self, **changes: object) -> str:
        """The address of this state with some of it changed; the page begins anew."""
        values = vars(self) | {"after": 0} | changes
        text = urlencode({name: value for name, value in values.items() if value})
        return f"?{text}" if text else "?"


def filters_of(query: QueryDict) -> Filters:
    action, outcome = query.get("action", ""), query.get("outcome", "")
    return Filters(
        q=query.get("q", "").replace("\0", "").strip()[:LONGEST_TEXT],
        who=query.get("who", "").replace("\0", "").strip()[:LONGEST_TEXT],
        action=action if action in Action.values else "",
        customer=number(query.get("customer", "")),
        outcome=outcome if outcome in Outcome.values else "",
        since=day(query.get("since", "")),
        to=day(query.get("to", "")),
        after=number(query.get("after", "")),
    )


def number(text: str) -> int:
    return min(int(text), LARGEST) if text.isascii() and text.isdigit() and len(text) < 20 else 0


def day(text: str) -> date | None:
    try:
        found = date.fromisoformat(text)
    except ValueError:
        return None
    # A day at either end of the calendar has no neighbour in every zone.
    return found if 1 < found.year < MAXYEAR else None


def visible_to(user: User) -> QuerySet[AuditEntry]:
    """The lines that the person may read, newest first; those of no customer are for administrators only."""
    if user.is_active and user.is_administrator:
        return AuditEntry.objects.order_by("-pk")
    return AuditEntry.objects.filter(customer_id__in=Customer.objects.visible_to(user).values("pk")).order_by("-pk")


def lines(user: User, filters: Filters) -> QuerySet[AuditEntry]:
    rows = visible_to(user)
    exact = {"action": filters.action, "outcome": filters.outcome, "customer_id": filters.customer}
    rows = rows.filter(**{name: value for name, value in exact.items() if value})
    if filters.who:
        rows = rows.filter(Q(actor_name__icontains=filters.who) | Q(actor_id__iexact=filters.who))
    if filters.q:
        text = filters.q
        rows = rows.filter(Q(actor_name__icontains=text) | Q(subject_label__icontains=text) | Q(subject_id=text))
    if filters.since:
        rows = rows.filter(at__gte=midnight(filters.since))
    if filters.to:
        rows = rows.filter(at__lt=midnight(filters.to + timedelta(days=1)))
    return rows.filter(pk__lt=filters.after) if filters.after else rows


def midnight(of: date) -> datetime:
    """When the day begins where the person is."""
    return timezone.make_aware(datetime.combine(of, time.min))


@dataclass(frozen=True)
class Line:
    """A line as this person may read it."""

    entry: AuditEntry
    customer: str
    ip: str

    @property
    def action(self) -> str:
        return str(dict(Action.choices).get(self.entry.action, self.entry.action))

    @property
    def changes(self) -> list[tuple[str, str, str]]:
        """What differs before and after: the name, and both values as text."""
        before, after = self.entry.before or {}, self.entry.after or {}
        names = [name for name in before | after if before.get(name) != after.get(name)]
        return [(name, words(before.get(name)), words(after.get(name))) for name in names]


def words(value: object) -> str:
    return ", ".join(map(sheets.plain, value)) if isinstance(value, list) else sheets.plain(value)


def shown(user: User, entries: list[AuditEntry]) -> list[Line]:
    """The lines with the customers' names; from where the provider's people work is told to administrators only."""
    ids = {entry.customer_id for entry in entries if entry.customer_id}
    names = dict(Customer.objects.visible_to(user).filter(pk__in=ids).values_list("pk", "name"))
    return [Line(entry, names.get(entry.customer_id, ""), address(user, entry)) for entry in entries]


def address(user: User, entry: AuditEntry) -> str:
    return entry.actor_ip if user.is_administrator or entry.actor_kind == Kind.CUSTOMER else ""


class TooMany(Exception):
    """More lines than one file may have."""

    def __str__(self) -> str:
        return _("These are more than %(most)s lines: choose a shorter period.") % {"most": f"{MOST_EXPORTED:,}"}


def exported(user: User, filters: Filters) -> Iterator[str]:
    """The same lines as CSV, newest first; raises TooMany."""
    entries = list(lines(user, filters)[: MOST_EXPORTED + 1])
    if len(entries) > MOST_EXPORTED:
        raise TooMany
    return sheets.lines(chain([COLUMNS], map(row, shown(user, entries))))


def row(line: Line) -> tuple[Any, ...]:
    entry = line.entry
    return (
        entry.pk, entry.at, entry.actor_kind, entry.actor_name, entry.actor_id, line.ip, entry.action,
        entry.subject_kind, entry.subject_id, entry.subject_label, line.customer, entry.before, entry.after,
        entry.outcome, entry.request_id,
    )  # fmt: skip
