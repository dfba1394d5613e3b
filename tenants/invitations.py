"""Invitations: a link by which a customer's administrator approves us.

Whoever has the link may approve; what is then connected is the directory that the person signs in with. The link is
a signed nonce: it can be shown again, dies with the secret key, and cannot be made from what the database holds.
"""

import secrets
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.core import signing
from django.core.exceptions import ValidationError
from django.db import transaction
from django.urls import reverse
from django.utils import timezone

from accounts import audit
from accounts.audit import Action, Outcome
from accounts.models import User
from tenants.connecting import Refused, customer_of
from tenants.models import Invitation, InvitationEvent

SIGNER = {"salt": "tenants.invitations", "sep": "."}
# Mail scanners and reloads open a link many times; each kind of browser is noted once in this while.
QUIET = timedelta(minutes=10)
FAMILIES = (
    ("Edg", "Edge"), ("OPR/", "Opera"), ("Firefox/", "Firefox"), ("FxiOS/", "Firefox"), ("CriOS/", "Chrome"),
    ("Chrome/", "Chrome"), ("Safari/", "Safari"),
)  # fmt: skip

Kind = InvitationEvent.Kind
# What the audit trail keeps of an invitation's log; that a directory was connected is recorded where it is done.
RECORDED: dict[Any, tuple[Any, Any]] = {
    Kind.INVITED: (Action.INVITE, Outcome.DONE),
    Kind.CANCELLED: (Action.CANCEL, Outcome.DONE),
    Kind.CONSENTED: (Action.CONSENT, Outcome.DONE),
    Kind.SIGN_IN_REFUSED: (Action.CONSENT, Outcome.REFUSED),
    Kind.WRONG_DIRECTORY: (Action.CONSENT, Outcome.REFUSED),
    Kind.DECLINED: (Action.CONSENT, Outcome.REFUSED),
    Kind.NOT_ADMINISTRATOR: (Action.CONSENT, Outcome.REFUSED),
    Kind.STOPPED: (Action.CONSENT, Outcome.REFUSED),
    Kind.REPLAYED: (Action.CONSENT, Outcome.REFUSED),
    Kind.FAILED: (Action.CONNECT, Outcome.REFUSED),
}


def invite(name: str, email: str, *, by: User | None = None) -> Invitation:
    """A new link for the customer of this name, who is made when new; Refused when name or address cannot be used."""
    customer = customer_of(name)
    invitation = Invitation(email=email.strip(), nonce=secrets.token_urlsafe(32), created_by=by)
    with transaction.atomic():
        customer.save()
        invitation.customer = customer
        try:
            invitation.clean_fields()
        except ValidationError as error:
            raise Refused("This is not an e-mail address.") from error
        invitation.save()
        note(invitation, Kind.INVITED, str(by or ""))
    return invitation


def link(invitation: Invitation) -> str:
    """The absolute address of the page; whoever has it may use it."""
    return settings.PUBLIC_URL + reverse("connect", args=[token(invitation)])


def token(invitation: Invitation) -> str:
    return signing.Signer(**SIGNER).sign(invitation.nonce)


def nonce_of(given: str) -> str:
    """The nonce that a link's token holds; '' when we never made it."""
    try:
        return str(signing.Signer(**SIGNER).unsign(given))
    except signing.BadSignature:
        return ""


def found(given: str) -> Invitation | None:
    """The invitation whose link holds this token, in whatever state; None when we never made it."""
    nonce = nonce_of(given)
    rows = Invitation.objects.select_related("customer", "tenant")
    return rows.filter(nonce=nonce).first() if nonce else None


def renew(invitation: Invitation, by: User | None = None) -> Invitation:
    """A new link to the same address in place of this one, which ends unless it was used."""
    with transaction.atomic():
        cancel(invitation, by)
        return invite(invitation.customer.name, invitation.email, by=by)


@transaction.atomic
def cancel(invitation: Invitation, by: User | None = None) -> bool:
    """End the link, and a proof that is under way; False when it was used or had ended already."""
    ended = Invitation.objects.filter(pk=invitation.pk, used_at=None, cancelled_at=None)
    if not ended.update(cancelled_at=timezone.now(), proof_due_at=None):
        return False
    invitation.refresh_from_db()
    note(invitation, Kind.CANCELLED, str(by or ""))
    return True


@transaction.atomic
def note(invitation: Invitation, kind: Any, detail: str = "", code: str = "") -> None:
    """Add a line to the invitation's log, and to the audit trail; `kind` is one of InvitationEvent.Kind."""
    owner = {"customer_id": invitation.customer_id, "invitation": invitation}
    InvitationEvent.objects.create(**owner, kind=kind, detail=detail[:500], code=code[:40])
    if kind not in RECORDED:
        return
    action, outcome = RECORDED[kind]
    subject = audit.Subject("invitation", str(invitation.pk), invitation.email)
    said = {"event": str(kind), "said": detail, "code": code}
    after = {name: words for name, words in said.items() if words}
    audit.record(action, subject, customer_id=invitation.customer_id, after=after, outcome=outcome)


def note_visit(invitation: Invitation, kind: Any, user_agent: str) -> None:
    """Add a line about somebody's visit unless a browser of the same family was noted a moment ago."""
    family = browser_family(user_agent)
    recent = invitation.events.filter(kind=kind, detail=family, at__gt=timezone.now() - QUIET)
    if not recent.exists():
        note(invitation, kind, family)


def browser_family(user_agent: str) -> str:
    """A browser's usual name, from a text that may say anything."""
    return next((name for mark, name in FAMILIES if mark in user_agent), "")
