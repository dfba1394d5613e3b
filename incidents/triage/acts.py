"""What a person can do to an incident or alert: each act says what becomes of one item, or why nothing does."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext as _

from accounts import audit
from accounts.models import User
from accounts.visible import shown
from incidents.models import Alert, Hold, Incident
from incidents.triage import asking, holds, owners, values
from incidents.triage.asking import Outcome, Refused

Changes = Sequence[Mapping[str, Any]]
Status: Any = Incident.Status


class Act:
    """An act by a person; `done` is what a toast says of it."""

    done = ""

    def __init__(self, user: User) -> None:
        self.user = user

    def changes(self, item: Any) -> Changes:
        """What Microsoft is to be told of the item, which is locked; Refused when it cannot be."""
        raise NotImplementedError

    def perform(self, items: Sequence[Any]) -> Outcome:
        """Do it to each of the locked items; one that refuses stops no other."""
        outcome = Outcome()
        edits = []
        for item in items:
            try:
                asking.check(item)
                edits += [asking.edit(self.user, item, one, outcome.batch) for one in self.changes(item)]
            except Refused as refused:
                outcome.refused.append((item, str(refused)))
            else:
                outcome.done.append(item)
        outcome.edits = asking.place([edit for edit in edits if edit])
        self.ended(outcome.done)
        return outcome

    def ended(self, items: Sequence[Any]) -> None:
        """What else follows for those it was done to."""


class Assign(Act):
    def __init__(self, user: User, to: User) -> None:
        super().__init__(user)
        self.to = to
        self.done = _("assigned to you") if to == user else _("assigned to %(name)s") % {"name": to}
        self.may: dict[int, bool] = {}

    def changes(self, item: Any) -> Changes:
        if item.customer_id not in self.may:
            self.may[item.customer_id] = owners.of_customers([item.customer_id]).filter(pk=self.to.pk).exists()
        if not self.may[item.customer_id]:
            who = {"name": self.to, "customer": item.customer.name}
            raise Refused(_("%(name)s does not work for %(customer)s.") % who)
        return [{"assignedTo": owners.written(self.to)}]


class Unassign(Act):
    def __init__(self, user: User) -> None:
        super().__init__(user)
        self.done = _("assigned to nobody")

    def changes(self, item: Any) -> Changes:
        return [{"assignedTo": ""}]


class SetStatus(Act):
    """Open again or in progress; the end of an incident is `Resolve`."""

    def __init__(self, user: User, status: str) -> None:
        super().__init__(user)
        self.status = status
        self.done = _("status: %(status)s") % {"status": values.INCIDENT_STATUS[status]}

    def changes(self, item: Any) -> Changes:
        new = self.status == Status.ACTIVE and isinstance(item, Alert)
        return [{"status": "new" if new else self.status}]


class Reopen(Act):
    def __init__(self, user: User) -> None:
        super().__init__(user)
        self.done = _("open again")

    def changes(self, item: Any) -> Changes:
        if item.status != Status.RESOLVED:
            raise Refused(_("It is open."))
        begun = Status.IN_PROGRESS if item.assigned_to else "new" if isinstance(item, Alert) else Status.ACTIVE
        return [{"status": str(begun)}]


class Classify(Act):
    def __init__(self, user: User, pair: Mapping[str, str]) -> None:
        super().__init__(user)
        self.pair = pair
        self.done = _("classified: %(what)s") % {"what": values.CLASSIFICATIONS[pair["classification"]]}

    def changes(self, item: Any) -> Changes:
        return [self.pair]


class Resolve(Act):
    """With a classification, the one that the item has or a new one."""

    def __init__(self, user: User, pair: Mapping[str, str] | None, note: str) -> None:
        super().__init__(user)
        self.pair, self.note = pair, note
        self.done = _("resolved")

    def changes(self, item: Any) -> Changes:
        if self.pair is None and item.classification in values.NOT_SET:
            raise Refused(_("A classification is needed to resolve it."))
        fields = {"status": str(Status.RESOLVED), **(self.pair or {})}
        if isinstance(item, Alert):
            return [fields, *([{"comment": self.note}] if self.note else [])]
        return [fields | ({"resolvingComment": self.note} if self.note else {})]

    def ended(self, items: Sequence[Any]) -> None:
        for item in items:
            if isinstance(item, Incident) and item.held:
                holds.end(item, str(self.user), _("The incident has ended."))


class Tag(Act):
    """Give tags and take tags away."""

    def __init__(self, user: User, add: Sequence[str], remove: Sequence[str]) -> None:
        super().__init__(user)
        self.add, self.remove = add, set(remove)
        self.done = _("tags changed")

    def changes(self, item: Any) -> Changes:
        if isinstance(item, Alert):
            raise Refused(_("Microsoft's alerts have no tags."))
        # A form has them as they are shown.
        kept = [tag for tag in item.tags if shown(tag) not in self.remove]
        return [{"customTags": list(dict.fromkeys([*kept, *self.add]))}]


class Comment(Act):
    def __init__(self, user: User, text: str) -> None:
        super().__init__(user)
        self.text = text
        self.done = _("comment added")

    def changes(self, item: Any) -> Changes:
        return [{"comment": self.text}]


class Holding(Act):
    """What is ours alone: Microsoft hears nothing of it."""

    def perform(self, items: Sequence[Any]) -> Outcome:
        outcome = Outcome()
        for item in items:
            try:
                self.hold(item)
            except Refused as refused:
                outcome.refused.append((item, str(refused)))
            else:
                outcome.done.append(item)
        return outcome

    def hold(self, item: Any) -> None:
        raise NotImplementedError


class Wait(Holding):
    """Wait for the customer, or sleep until a time."""

    def __init__(self, user: User, kind: Any, reason: str, until: datetime | None, *, on_change: bool) -> None:
        super().__init__(user)
        self.kind, self.reason, self.until, self.on_change = kind, reason, until, on_change
        self.done = _("waiting for the customer") if kind == Hold.Kind.WAITING else _("snoozed")

    def hold(self, item: Any) -> None:
        if isinstance(item, Alert):
            raise Refused(_("Only an incident can wait."))
        if not item.is_open:
            raise Refused(_("It has ended."))
        if self.until and self.until <= timezone.now():
            raise Refused(_("That time has passed."))
        holds.begin(item, self.kind, str(self.user), self.reason, self.until, on_change=self.on_change)
        told = {"kind": str(self.kind), "until": self.until.isoformat() if self.until else None}
        audit.record(audit.Action.HOLD, asking.subject(item), customer_id=item.customer_id, after=told)


class Wake(Holding):
    def __init__(self, user: User) -> None:
        super().__init__(user)
        self.done = _("waits no more")

    def hold(self, item: Any) -> None:
        if isinstance(item, Alert) or not holds.end(item, str(self.user), ""):
            raise Refused(_("It was not waiting."))
        audit.record(audit.Action.WAKE, asking.subject(item), customer_id=item.customer_id)
