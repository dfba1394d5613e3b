"""The audit trail: who did what, written in the transaction of the change. What cannot be recorded is not done.

Who is acting is known to whoever is asked first, a request or a command, and said once with `acting`.
"""

import logging
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any, NamedTuple

from django.db import DatabaseError, connection, models, transaction
from django.http import HttpRequest
from django.utils.crypto import salted_hmac
from django.utils.translation import gettext_lazy as _
from psycopg.types.json import Jsonb

from accounts import limits
from accounts.models import AuditEntry, User

Kind, Outcome = AuditEntry.Kind, AuditEntry.Outcome
# In place of a value under such a name stands its HMAC: enough to see whether two are the same.
SECRET = ("password", "secret", "token", "credential", "nonce")
COLUMNS = (
    "actor_kind", "actor_name", "actor_id", "actor_ip", "customer_id", "action", "subject_kind", "subject_id",
    "subject_label", "before", "after", "outcome", "request_id",
)  # fmt: skip
# Nothing is given back: whoever adds a line need not be allowed to read it.
INSERT = f"INSERT INTO accounts_auditentry ({', '.join(COLUMNS)}) VALUES ({', '.join(['%s'] * len(COLUMNS))})"

log = logging.getLogger(__name__)


class Action(models.TextChoices):
    """What is recorded; a line keeps the value, and a value that is unknown by now is shown as it is."""

    SIGN_IN = "sign-in", _("Signed in")
    SIGN_OUT = "sign-out", _("Signed out")
    ACCESS = "access", _("Asked for a page")
    CONNECT = "connect", _("Connected a directory")
    DISCONNECT = "disconnect", _("Disconnected a directory")
    INVITE = "invite", _("Made a consent link")
    CANCEL = "cancel", _("Cancelled a consent link")
    CONSENT = "consent", _("Approved at Microsoft")
    GRANT = "grant", _("Granted a role")
    DEACTIVATE = "deactivate", _("Deactivated a person")
    REACTIVATE = "reactivate", _("Let a person in again")
    PASSWORD = "password", _("Renewed the local password")
    ASSIGN = "assign", _("Assigned an analyst")
    UNASSIGN = "unassign", _("Took an analyst off a customer")
    GROUP = "group", _("Changed a customer group")
    EDIT = "edit", _("Changed an incident or alert")
    UNDO = "undo", _("Withdrew a change")
    HOLD = "hold", _("Put an incident on hold")
    WAKE = "wake", _("Took an incident off hold")
    EXPORT = "export", _("Exported incidents")
    AUDIT_EXPORT = "audit-export", _("Exported the audit log")


class Unrecorded(Exception):
    """The audit trail could not be written, so what it was to tell of must not happen."""

    sentence = _("Nothing was changed, since it could not be recorded in the audit log.")

    def __str__(self) -> str:
        return str(self.sentence)


@dataclass(frozen=True)
class Actor:
    kind: Any
    name: str = ""
    id: str = ""
    ip: str = ""
    request_id: str = ""


class Subject(NamedTuple):
    """To what it was done: a kind, its id and the words for it at that moment."""

    kind: str = ""
    id: str = ""
    label: str = ""


NOTHING = Subject()
WORKER = Actor(Kind.WORKER)
actor: ContextVar[Actor] = ContextVar("actor", default=WORKER)


@contextmanager
def acting(by: Actor) -> Iterator[None]:
    """All that is recorded inside was done by this actor; outside of any, a worker is acting."""
    before = actor.set(by)
    try:
        yield
    finally:
        actor.reset(before)


def record(
    action: Any, subject: Subject = NOTHING, *, customer_id: int | None = None, before: Mapping[str, Any] | None = None,
    after: Mapping[str, Any] | None = None, outcome: Any = Outcome.DONE, by: Actor | None = None,
) -> None:  # fmt: skip
    """Add a line, last in the transaction of the change, since until its end nobody else can add one.

    `action` is one of Action, `outcome` one of Outcome; to the type checker they are Any, as the value of a field is.
    Raises Unrecorded, and then the transaction must not be committed.
    """
    who = by or actor.get()
    texts = [clean(text) for text in (who.kind, who.name, who.id, who.ip)]
    words = [clean(text) for text in (action, *subject)]
    values = [*cut(texts, (20, 200, 150, 45)), customer_id, *cut(words, (40, 40, 200, 300)), sealed_json(before),
              sealed_json(after), outcome, who.request_id]  # fmt: skip
    try:
        with connection.cursor() as cursor:
            cursor.execute(INSERT, values)
    except DatabaseError as error:
        raise Unrecorded from error


def note(action: Any, subject: Subject = NOTHING, **more: Any) -> None:
    """As `record`, for what changes nothing or takes rights away: it happens even when it cannot be recorded."""
    try:
        with transaction.atomic():
            record(action, subject, **more)
    except Unrecorded:
        log.exception("Not in the audit log: %s %s", action, subject)


def cut(texts: list[str], lengths: tuple[int, ...]) -> list[str]:
    return [text[:length] for text, length in zip(texts, lengths, strict=True)]


def clean(text: object) -> str:
    """Text as a line can keep it: what nobody can see, or PostgreSQL cannot hold, becomes a mark."""
    return "".join(character if character.isprintable() else "\N{REPLACEMENT CHARACTER}" for character in str(text))


def sealed_json(value: Mapping[str, Any] | None) -> Jsonb | None:
    return None if value is None else Jsonb(sealed(value))


def sealed(value: Any, name: str = "") -> Any:
    """The value with clean text and without secrets."""
    if isinstance(value, Mapping):
        return {clean(key): sealed(inner, str(key).lower()) for key, inner in value.items()}
    if value is not None and any(word in name for word in SECRET):
        return "hmac:" + salted_hmac("accounts.audit", str(value), algorithm="sha256").hexdigest()
    if isinstance(value, list | tuple | set | frozenset):
        return [sealed(inner) for inner in value]
    return value if value is None or isinstance(value, bool | int) else clean(value)


def person(user: User) -> Subject:
    return Subject("person", user.username, str(user))


def visitor(request: HttpRequest, user: User | None = None) -> Actor:
    """Who asks: the person who is signed in, or is being signed in, or nobody we know."""
    somebody = user or request.user
    where = {"ip": limits.address(request), "request_id": getattr(request, "audit_id", "")}
    if not somebody.is_authenticated:
        return Actor(Kind.NOBODY, **where)
    kind = Kind.CUSTOMER if somebody.role == User.Role.CUSTOMER else Kind.STAFF if somebody.oid else Kind.LOCAL
    return Actor(kind, str(somebody), somebody.username, **where)
