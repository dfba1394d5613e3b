"""Carry an edit to Microsoft: read, compare, write what has changed, store the answer.

Microsoft has no condition on a write, so the item is read right before it. A field that is by now neither as the person
saw it nor as it was asked for is a conflict: nothing is sent. That something is about to be sent is committed first, so
that whoever comes after a killed worker looks whether it is there already and does not send it again.
"""

import logging
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from django.db import DatabaseError, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts import audit
from defender import incidents as microsoft
from defender.errors import CustomerFault, DefenderError, NotFound, OurFault, RequestRejected, RoleMissing, Throttled
from defender.graph import Graph
from defender.shapes import Record
from incidents import breaker, budget, details, failures, poison
from incidents.models import Edit, Incident, SyncState
from incidents.triage import asking, claims, holds, overlay, undoing, values
from tenants import cloud
from tenants.models import Tenant

# Some twenty minutes; then a person should know.
MOST_ATTEMPTS = 10
FIRST_WAIT, LONGEST_WAIT = timedelta(seconds=5), timedelta(minutes=5)
US, CUSTOMER, MICROSOFT = Edit.Owner.US, Edit.Owner.CUSTOMER, Edit.Owner.MICROSOFT

log = logging.getLogger(__name__)


def carry(edit: Edit) -> None:
    """Take one claimed edit as far as it goes now; what fails is recorded, and the edit given back or ended."""
    graph = cloud.graph(edit.tenant)
    try:
        attempt(edit, graph)
    except claims.Lost:
        log.info("Edit %s was withdrawn, or somebody else carries it.", edit.pk)
    finally:
        spend(edit, graph)


def attempt(edit: Edit, graph: Graph) -> None:
    try:
        deliver(edit, graph)
    except DefenderError as failure:
        failed(edit, failure)
    except (DatabaseError, ValueError, RecursionError) as failure:
        log.exception("Could not carry edit %s", edit.pk)
        postpone(edit, _("It could not be stored here (%(what)s).") % {"what": type(failure).__name__}, US)


def spend(edit: Edit, graph: Graph) -> None:
    """Write down the requests; an overdrawn tenant's edits wait with its reads."""
    left = budget.spend({edit.tenant_id: graph.requests}).get(edit.tenant_id, 1.0)
    if left < 0:
        waiting = Edit.objects.filter(tenant=edit.tenant_id, state=Edit.State.PENDING, leased_until=None)
        until = timezone.now() + timedelta(seconds=-left / budget.rate())
        waiting.filter(due_at__lt=until).update(due_at=until)


def deliver(edit: Edit, graph: Graph) -> None:
    if edit.tenant.state != Tenant.State.CONNECTED:
        refuse(edit, _("The customer is not connected any more."), CUSTOMER)
        return
    record = read(edit, graph)
    breaker.close()
    if record.value.status == Incident.Status.REDIRECTED:
        refuse(edit, _("Microsoft has merged it into another incident meanwhile."), US, record)
    elif edit.is_comment:
        comment(edit, graph, record)
    else:
        change(edit, graph, record)


def read(edit: Edit, graph: Graph) -> Record[Any]:
    found: Record[Any] = (microsoft.alert if edit.alert_id else microsoft.incident)(graph, edit.item.microsoft_id)
    return found


def change(edit: Edit, graph: Graph, record: Record[Any]) -> None:
    """Send the fields that differ from what Microsoft has, unless somebody else has changed one of them."""
    now = values.of_shape(record.value, edit.changes)
    left = {field: value for field, value in edit.changes.items() if not values.same(field, value, now[field])}
    known = left.keys() & edit.seen.keys()
    theirs = {field: now[field] for field in known if not values.same(field, now[field], edit.seen[field])}
    if theirs:
        conflict(edit, record, theirs)
    elif left:
        about_to_send(edit, record)
        update = microsoft.update_alert if edit.alert_id else microsoft.update_incident
        answer = update(graph, edit.item.microsoft_id, values.wire(values.with_pair(left, edit.changes)))
        with holds.quietly():
            done(edit, answer)
    else:
        done(edit, record)


def comment(edit: Edit, graph: Graph, record: Record[Any]) -> None:
    """Send the comment, unless an earlier attempt has brought it."""
    said = sum(alike(one.comment, edit.changes["comment"]) for one in record.value.comments or () if one)
    if edit.sent_at and said > edit.said:
        done(edit, record)
        return
    about_to_send(edit, record, said)
    say = microsoft.comment_alert if edit.alert_id else microsoft.comment_incident
    say(graph, edit.item.microsoft_id, edit.changes["comment"])
    with holds.quietly():
        done(edit, again(edit, graph))


def alike(one: str | None, other: str) -> bool:
    return (one or "").split() == other.split()


def again(edit: Edit, graph: Graph) -> Record[Any] | None:
    """The item with the new comment; when it cannot be had now, the next read of the tenant brings it."""
    try:
        return read(edit, graph)
    except DefenderError:
        return None


@transaction.atomic
def about_to_send(edit: Edit, record: Record[Any], said: int = 0) -> None:
    """Store what others have changed, and say that from now on Microsoft may have it."""
    claims.keep(edit)
    keep_version(edit, record)
    edit.sent_at, edit.said = timezone.now(), said
    edit.save(update_fields=["sent_at", "said"])


@transaction.atomic
def done(edit: Edit, record: Record[Any] | None) -> None:
    claims.keep(edit)
    claims.end(edit, Edit.State.CARRIED, problem="", must_act="")
    settle(edit, record)
    if edit.changes.get("status") == Incident.Status.RESOLVED and not edit.alert_id:
        # Microsoft resolves its alerts too.
        details.plan(edit.tenant, [edit.item.microsoft_id], at_once=True)
    tell(edit, audit.Outcome.DONE)


@transaction.atomic
def conflict(edit: Edit, record: Record[Any], theirs: Mapping[str, Any]) -> None:
    """Somebody has changed a field since the person saw it: both values are kept, and a person chooses."""
    claims.keep(edit)
    by = getattr(record.value, "last_modified_by", "") or ""
    problem = _("It was changed at Microsoft before your change arrived.")
    claims.end(edit, Edit.State.CONFLICT, problem=problem, must_act=US, theirs=dict(theirs), changed_by=clean(by))
    undoing.rebase(edit, theirs)
    settle(edit, record)
    tell(edit, audit.Outcome.REFUSED)


@transaction.atomic
def refuse(edit: Edit, problem: str, must_act: Any, record: Record[Any] | None = None) -> None:
    """It will not be carried; the row shows what Microsoft says."""
    claims.keep(edit)
    claims.end(edit, Edit.State.REFUSED, problem=problem, must_act=must_act)
    undoing.rebase(edit, edit.seen)
    settle(edit, record)
    tell(edit, audit.Outcome.REFUSED)


def failed(edit: Edit, failure: DefenderError) -> None:
    """What follows from a failed request: never again, again, or again when the whole tenant may."""
    breaker.record(failure, edit.tenant)
    if isinstance(failure, Throttled):
        park(edit, failure)
    elif isinstance(failure, RoleMissing):
        refuse(edit, _("%(what)s The customer's administrator has to approve it.") % {"what": failure}, CUSTOMER)
    elif isinstance(failure, CustomerFault):
        refuse(edit, str(failure), CUSTOMER)
    elif isinstance(failure, NotFound):
        refuse(edit, _("Microsoft has it no longer."), MICROSOFT)
    elif isinstance(failure, RequestRejected):
        refuse(edit, str(failure), US)
    else:
        postpone(edit, str(failure), US if isinstance(failure, OurFault) else MICROSOFT)


def postpone(edit: Edit, problem: str, must_act: Any) -> None:
    if edit.attempts >= MOST_ATTEMPTS and must_act != US:
        refuse(edit, problem, must_act)
        return
    pause = failures.backoff(FIRST_WAIT, max(edit.attempts, 1), LONGEST_WAIT)
    claims.give_back(edit, pause, problem=problem, must_act=must_act)


def park(edit: Edit, failure: Throttled) -> None:
    """The limit is one of application and tenant: reads and edits wait together."""
    asked = timedelta(seconds=failure.retry_after or 0)
    pause = max(asked, failures.backoff(FIRST_WAIT, max(edit.attempts, 1), LONGEST_WAIT))
    SyncState.objects.filter(tenant=edit.tenant_id).update(parked_until=timezone.now() + pause)
    claims.give_back(edit, pause, problem=str(failure), must_act=MICROSOFT)


def keep_version(edit: Edit, record: Record[Any]) -> None:
    poison.store_around(edit.tenant, "alerts" if edit.alert_id else "incidents", [record])


def settle(edit: Edit, record: Record[Any] | None) -> None:
    """The edit is over: store what Microsoft said last, and show it.

    The row has Microsoft's values before that, so that history has the step from them.
    """
    table = "alert" if edit.alert_id else "incident"
    overlay.restore(table, [edit.item_id])
    if record is not None:
        keep_version(edit, record)
    overlay.settle(table, edit.item_id)


def clean(text: str) -> str:
    return text.replace("\0", "")[:200]


def tell(edit: Edit, outcome: Any) -> None:
    """A worker did it, for the person who asked."""
    username = edit.user.username if edit.user else ""
    audit.record(
        audit.Action.EDIT, asking.subject(edit.item), customer_id=edit.customer_id, before=edit.seen,
        after=edit.changes, outcome=outcome, by=audit.Actor(audit.Kind.WORKER, edit.by, username),
    )  # fmt: skip
