"""How a tenant stands between its invitation and its daily reads: one condition a row, in the staff's words."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TypeAlias

from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from incidents.models import SyncState
from incidents.queries import STALE
from tenants.models import Invitation, Tenant

Words: TypeAlias = str | Promise

ONBOARDING, LIVE_TAB = "onboarding", "live"
# What a token or a call says when the customer has taken back the approval, or a part of it.
REVOKING = ("consent_missing", "app_disabled", "role_missing")
# Microsoft's own faults pass; one that has kept us out for so long is worth a look.
LONG = timedelta(hours=1)


@dataclass(frozen=True)
class Condition:
    """`level` is the glyph of the consent, `steps` the look of the four steps, `tab` where the row is counted."""

    key: str
    consent: Words
    level: str
    stage: Words
    steps: tuple[str, str, str, str]
    tab: str = ""
    attention: bool = False

    @property
    def rank(self) -> int:
        return WORST_FIRST.index(self)


NONE = ("", "", "", "")
AT_CONSENT, AT_FAULT = ("done", "now", "", ""), ("done", "bad", "", "")
GRANTED, WAITING_WORDS = _("Granted"), _("Waiting for consent")

REVOKED = Condition("revoked", _("Revoked"), "err", _("Interrupted"), AT_FAULT, LIVE_TAB, True)
STOPPED = Condition("stopped", GRANTED, "ok", _("Interrupted"), ("done", "done", "done", "bad"), LIVE_TAB, True)
IMPORT_STOPPED = Condition(
    "import_stopped", GRANTED, "ok", _("First import stopped"), ("done", "done", "bad", ""), ONBOARDING, True
)
FAILED = Condition("failed", _("Check failed"), "err", _("Not connected"), AT_FAULT, ONBOARDING, True)
HELD_UP = Condition("held_up", _("Being checked"), "warn", _("Held up by us"), AT_CONSENT, ONBOARDING, True)
NOT_APPROVED = Condition("not_approved", _("Not approved"), "warn", WAITING_WORDS, AT_CONSENT, ONBOARDING, True)
DECLINED = Condition("declined", _("Declined"), "warn", WAITING_WORDS, AT_CONSENT, ONBOARDING, True)
EXPIRED = Condition("expired", _("Link expired"), "warn", WAITING_WORDS, AT_CONSENT, ONBOARDING, True)
WAITING = Condition("waiting", _("Link made"), "pend", WAITING_WORDS, AT_CONSENT, ONBOARDING)
PROVING = Condition("proving", _("Being checked"), "pend", WAITING_WORDS, AT_CONSENT, ONBOARDING)
IMPORTING = Condition("importing", GRANTED, "ok", _("First import"), ("done", "done", "now", ""), ONBOARDING)
LIVE = Condition("live", GRANTED, "ok", _("Live"), ("done", "done", "done", "done"), LIVE_TAB)
READING_PAST = Condition(
    "reading_past", GRANTED, "ok", _("Live, past being read"), ("done", "done", "now", "done"), LIVE_TAB
)
UNINVITED = Condition("uninvited", _("Not asked"), "", _("Not invited"), NONE)
CANCELLED = Condition("cancelled", _("Link cancelled"), "", _("Not invited"), NONE)
DISCONNECTED = Condition("disconnected", _("Disconnected"), "", _("Disconnected"), NONE)

WORST_FIRST = (
    REVOKED, STOPPED, IMPORT_STOPPED, FAILED, HELD_UP, NOT_APPROVED, DECLINED, EXPIRED, WAITING, PROVING, IMPORTING,
    READING_PAST, LIVE, UNINVITED, CANCELLED, DISCONNECTED,
)  # fmt: skip


@dataclass(frozen=True)
class Data:
    """How a directory is read: `read_at` is when both streams were complete, `failing` the stream that says why not."""

    level: str = ""
    read_at: datetime | None = None
    failing: SyncState | None = None


def data_of(states: Sequence[SyncState], approved_at: datetime | None = None) -> Data:
    """`approved_at` is the last approval of the directory."""
    read = [state.completed_at for state in states if state.completed_at]
    read_at = min(read) if read and len(read) == len(states) else None
    faults = [state for state in states if state.error and not is_mended(state, approved_at)]
    # What somebody must mend goes before what passes.
    failing = min(faults, key=lambda state: (state.error_owner == "microsoft", state.stream), default=None)
    return Data(level_of(read_at, failing), read_at, failing)


def is_mended(state: SyncState, approved_at: datetime | None) -> bool:
    """Whether the approval was missing before it was given again; the next read only has not come yet."""
    if state.error_kind not in REVOKING or not approved_at or not state.failed_at:
        return False
    return state.failed_at < approved_at


def level_of(read_at: datetime | None, failing: SyncState | None) -> str:
    age = timezone.now() - read_at if read_at else None
    if failing and (failing.error_owner != "microsoft" or (age and age > LONG)):
        return "err"
    if failing or (age and age > STALE):
        return "warn"
    return "ok" if read_at else "run"


def of_tenant(tenant: Tenant, data: Data, *, reads_past: bool = False) -> Condition:
    if tenant.state != Tenant.State.CONNECTED:
        return DISCONNECTED
    if data.failing and data.failing.error_kind in REVOKING:
        return REVOKED
    if data.level == "err":
        return STOPPED if data.read_at else IMPORT_STOPPED
    if not data.read_at:
        return IMPORTING
    return READING_PAST if reads_past else LIVE


def of_invitation(invitation: Invitation) -> Condition:
    """The condition of an invitation from which no directory came yet."""
    state = invitation.state
    if state == Invitation.State.PROVING:
        return HELD_UP if invitation.error_kind == "ours" else PROVING
    if state == Invitation.State.WAITING and invitation.error_kind:
        return DECLINED if invitation.error_kind == "declined" else NOT_APPROVED
    return {
        Invitation.State.WAITING: WAITING,
        Invitation.State.FAILED: FAILED,
        Invitation.State.EXPIRED: EXPIRED,
        Invitation.State.CANCELLED: CANCELLED,
    }.get(state, UNINVITED)


# What kept the last person from approving, and what the provider's people can do about a stop or a fault; by its kind.
OTHER_ACCOUNT = _("Somebody signed in with an account of another organisation.")
STOPS: dict[str, Words] = {
    "declined": _("Somebody declined on Microsoft's page."),
    "not_administrator": _("The person who opened the link could not approve."),
    "requested": _("A request lies with the customer's administrators."),
    "risky": _("Microsoft considers the application a risk."),
    "licence_missing": _("The directory lacks Microsoft Defender XDR, or nobody has opened it yet."),
    "wrong_cloud": _("The directory is in one of Microsoft's national clouds."),
    "blocked_by_policy": _("A policy of the customer's directory blocks the approval."),
    "tenant_not_found": _("Microsoft does not know the directory."),
    "busy": _("Microsoft could not finish."),
    "ours": _("Microsoft refuses our application: the fault is ours."),
    "not_signed_in": _("Somebody's sign-in at Microsoft failed."),
    "unknown": _("Microsoft stopped the approval."),
    **dict.fromkeys(("wrong_account", "home", "personal", "taken", "mismatch"), OTHER_ACCOUNT),
}
RIGHT_ACCOUNT = _(
    "Ask for an administrator's account of the customer's own directory; in a private window Microsoft asks which "
    "account to use."
)
PASSES = _("It usually passes by itself.")
OURS = _("Check our application's registration and credential. The customer need not do anything.")
ADVICE: dict[str, Words] = {
    "declined": _("Ask whether something is unclear; the same link still works."),
    "not_administrator": _("Ask for a Privileged Role Administrator or a Global Administrator."),
    "requested": _("When they have approved it, one of them opens the link once more."),
    "risky": _("Have our publisher verified, or ask for a Global Administrator."),
    "licence_missing": _("Ask the customer to check the licences and to open security.microsoft.com once."),
    "wrong_cloud": _("This application cannot read there."),
    "blocked_by_policy": _("Ask who looks after Conditional Access there."),
    "tenant_not_found": _("Ask the customer whether the directory still exists."),
    "not_signed_in": _("Ask for another try; the code says what Microsoft did not like."),
    "unknown": _("Ask for another try; if it happens again, look the code up."),
    "consent_missing": _("Ask the customer's administrator to approve once more."),
    "role_missing": _("Ask the customer's administrator to approve once more, all that is listed."),
    "app_disabled": _(
        "In the customer's Entra admin center, under Enterprise applications, somebody has to let users sign in to our "
        "application again; reading then goes on by itself."
    ),
    **dict.fromkeys(("wrong_account", "home", "personal", "taken", "mismatch"), RIGHT_ACCOUNT),
    **dict.fromkeys(("busy", "throttled", "microsoft_fault", "unreachable"), PASSES),
    **dict.fromkeys(
        ("ours", "credential_rejected", "credential_expired", "clock_skew", "request_rejected", "storing"), OURS
    ),
}
