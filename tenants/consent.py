"""The administrator's way to Microsoft's consent page and back: what is asked for, and which answer counts.

Anybody can call the callback with any directory's ID. What is linked is therefore the directory of the person who has
signed in before, and an answer counts when it brings the single-use `state` that was made for this directory, this
invitation and this browser.
"""

import hashlib
import secrets
from collections.abc import Mapping
from datetime import timedelta
from urllib.parse import urlencode
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.http import QueryDict
from django.urls import reverse
from django.utils import timezone

from defender.sign_in import Person, printable
from defender.tokens import LOGIN
from tenants import invitations, scope, stops
from tenants.models import ConsentState, Invitation, InvitationEvent
from tenants.stops import STOPS, Stop

# The directory in which all personal accounts live.
CONSUMERS = "9188040d-6c67-4c5b-b112-36a304b66dad"
# With .default all that the registration lists is asked for, whichever service is named.
SCOPE = "https://graph.microsoft.com/.default"
KEPT = timedelta(days=1)


class Stopped(Exception):
    """Nothing was linked; `stop` says why, `invitation` is the one to start again from, if it is known."""

    def __init__(self, stop: Stop, invitation: Invitation | None = None) -> None:
        super().__init__(stop.kind)
        self.stop = stop
        self.invitation = invitation


def ask(invitation: Invitation, person: Person, browser: str) -> str:
    """The address of the consent page of the directory that has signed in; Stopped when it cannot be linked."""
    if stop := refusal(invitation, person.tid):
        invitations.note(invitation, stop.event, person.username, stop.code)
        raise Stopped(stop, invitation)
    state = secrets.token_urlsafe(32)
    ConsentState.objects.filter(expires_at__lt=timezone.now() - KEPT).delete()
    ConsentState.objects.create(
        state_hash=digest(state), browser_hash=digest(browser), customer_id=invitation.customer_id,
        invitation=invitation, tid=UUID(person.tid), username=person.username,
    )  # fmt: skip
    invitations.note(invitation, InvitationEvent.Kind.SIGNED_IN, person.username)
    query = {
        "client_id": settings.ENTRA_CLIENT_ID,
        "scope": SCOPE,
        "redirect_uri": settings.PUBLIC_URL + reverse("connect-callback"),
        "state": state,
    }
    return f"{settings.MICROSOFT_CLOUD_URL or LOGIN}/{person.tid}/v2.0/adminconsent?{urlencode(query)}"


def refusal(invitation: Invitation, tid: str) -> Stop | None:
    """Why this directory cannot be linked by this invitation, before anybody is asked."""
    if not settings.ENTRA_CLIENT_ID:
        return STOPS["ours"]
    if tid == settings.ENTRA_HOME_TENANT_ID:
        return STOPS["home"]
    if tid == CONSUMERS:
        return STOPS["personal"]
    # Asked of the database's door: another customer's directory is not among the rows that are shown here.
    if scope.directory(tid)[0] not in (None, invitation.customer_id):
        return STOPS["taken"]
    return None


def answered(answer: QueryDict, browser: str) -> Invitation:
    """Take Microsoft's answer; the invitation whose proof begins with it. Stopped when there is nothing to prove."""
    # A parameter that comes twice is none of Microsoft's answers, and each reader would see another one.
    given = {name: values[0] for name, values in answer.lists()} if single(answer) else {}
    invitation, stop = settled(given, browser)
    if stop is not None or invitation is None:
        raise Stopped(stop or STOPS["stale"], invitation)
    return invitation


def single(answer: QueryDict) -> bool:
    return all(len(values) == 1 for _, values in answer.lists())


@transaction.atomic
def settled(given: Mapping[str, str], browser: str) -> tuple[Invitation | None, Stop | None]:
    """Use up the state that the answer brings, and begin the proof or keep what stopped it."""
    journey = journey_of(given.get("state", ""), browser)
    stop = stop_of(given, journey)
    if journey is None:
        return None, stop
    invitation = journey.invitation
    if journey.used_at:
        invitations.note(invitation, InvitationEvent.Kind.REPLAYED)
    elif stop is None:
        use(journey)
        begin_proof(invitation, journey)
    elif stop.kind == "mismatch":
        # The real answer may still come.
        invitations.note(invitation, stop.event, printable(given.get("tenant")))
    elif stop.kind != "stale":
        use(journey)
        keep_stop(invitation, stop)
    return invitation, stop


def journey_of(state: str, browser: str) -> ConsentState | None:
    """The journey that this state was made for, in this browser, with its invitation; both locked."""
    if not state or not browser:
        return None
    rows = ConsentState.objects.select_for_update(of=("self", "invitation")).select_related("invitation__customer")
    return rows.filter(state_hash=digest(state), browser_hash=digest(browser)).first()


def stop_of(given: Mapping[str, str], journey: ConsentState | None) -> Stop | None:
    # Microsoft says admin_consent=True beside an error as well.
    if given.get("error"):
        return stops.of_answer(given)
    if journey is None or journey.used_at or journey.expires_at <= timezone.now() or not journey.invitation.is_open:
        return STOPS["stale"]
    if given.get("tenant", "").lower() != str(journey.tid):
        return STOPS["mismatch"]
    return None if given.get("admin_consent", "").lower() == "true" else STOPS["unknown"]


def use(journey: ConsentState) -> None:
    journey.used_at = timezone.now()
    journey.save(update_fields=["used_at"])


def begin_proof(invitation: Invitation, journey: ConsentState) -> None:
    now = timezone.now()
    invitation.entra_id, invitation.approver = journey.tid, journey.username
    invitation.proof_began_at = invitation.proof_due_at = now
    invitation.proof_attempts = 0
    invitation.error_kind = invitation.error = invitation.error_code = ""
    invitation.save()
    invitations.note(invitation, InvitationEvent.Kind.CONSENTED, journey.username)


def keep_stop(invitation: Invitation, stop: Stop) -> None:
    """What stopped the last person, for the provider's people; a proof that is under way is left alone."""
    if invitation.is_open and not invitation.proof_due_at:
        invitation.error_kind, invitation.error, invitation.error_code = stop.kind, str(stop.title), stop.code
        invitation.save(update_fields=["error_kind", "error", "error_code"])
    invitations.note(invitation, stop.event, code=stop.code)


def digest(secret: str) -> str:
    return hashlib.sha256(secret.encode(errors="surrogatepass")).hexdigest()
