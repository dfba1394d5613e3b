"""Prove that a consent has reached Entra: one attempt for each claim, and the database says when the next is due.

Right after a consent Entra may still refuse a token or give one without roles; so what passes by itself is tried
again for a quarter of an hour. A fault of ours is never the customer's: while it lasts, the proof waits.
"""

import re
from datetime import timedelta
from typing import Any

from django.core.exceptions import ImproperlyConfigured
from django.db import models, transaction
from django.utils import timezone

from defender.errors import DefenderError, OurFault
from tenants import connecting, invitations
from tenants.models import Invitation, InvitationEvent

# Longer than an attempt takes; should its worker die, the proof is due again after it.
LEASE = timedelta(seconds=120)
PAUSES_SECONDS = (3, 5, 10, 20, 30)
OUR_PAUSE = timedelta(seconds=30)
LONGEST = timedelta(minutes=15)
DOMAIN = re.compile(r"(?=.{4,253}$)([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z][a-z0-9-]*[a-z0-9]")

Kind = InvitationEvent.Kind


@transaction.atomic
def claim_due() -> Invitation | None:
    """Take the proof that has waited longest among those that are due, or None."""
    due = Invitation.objects.filter(proof_due_at__lte=timezone.now(), used_at=None, cancelled_at=None)
    invitation = due.select_for_update(skip_locked=True).order_by("proof_due_at", "pk").first()
    if invitation is not None:
        invitation.proof_attempts += 1
        invitation.proof_due_at = timezone.now() + LEASE
        invitation.save(update_fields=["proof_attempts", "proof_due_at"])
    return invitation


def attempt(claimed: Invitation) -> timedelta | None:
    """Ask Entra and Graph once and keep what came out; return the pause before the next attempt, if there is one."""
    try:
        granted = connecting.proved_roles(str(claimed.entra_id))
        connected(claimed, granted)
    except OurFault as fault:
        return ours(claimed, str(fault), fault.code)
    except ImproperlyConfigured as fault:
        return ours(claimed, str(fault), "")
    except connecting.Refused as refused:
        give_up(claimed, "taken", str(refused), "")
    except connecting.PASSING as error:
        return later(claimed, error)
    except DefenderError as error:
        give_up(claimed, error.kind, str(error), error.code)
    return None


@transaction.atomic
def connected(claimed: Invitation, granted: frozenset[str]) -> None:
    """Keep the directory as connected and the invitation as used, or neither."""
    done = {"used_at": timezone.now(), "proof_due_at": None, "error_kind": "", "error": "", "error_code": ""}
    if not unchanged(claimed).update(**done) or claimed.entra_id is None:
        return
    domain = domain_of(claimed.approver)
    tenant = connecting.record(
        claimed.customer.name, claimed.entra_id, can_write=granted >= connecting.WRITE, domain=domain
    )
    Invitation.objects.filter(pk=claimed.pk).update(tenant=tenant)
    invitations.note(claimed, Kind.CONNECTED, domain or str(claimed.entra_id))


def ours(claimed: Invitation, sentence: str, code: str) -> timedelta:
    """Wait until our fault is mended; the customer's quarter of an hour stands still."""
    now = timezone.now()
    moved = {"proof_began_at": now, "proof_due_at": now + OUR_PAUSE}
    keep(claimed, Kind.DELAYED, "ours", sentence, code, **moved)
    return OUR_PAUSE


def later(claimed: Invitation, error: DefenderError) -> timedelta | None:
    """Try again after a pause, or give up when the quarter of an hour is over by then."""
    usual = PAUSES_SECONDS[min(claimed.proof_attempts, len(PAUSES_SECONDS)) - 1]
    pause = timedelta(seconds=max(usual, error.retry_after or 0))
    due_at = timezone.now() + pause
    if claimed.proof_began_at is None or due_at > claimed.proof_began_at + LONGEST:
        give_up(claimed, error.kind, str(error), error.code)
        return None
    keep(claimed, Kind.DELAYED, error.kind, str(error), error.code, proof_due_at=due_at)
    return pause


def give_up(claimed: Invitation, kind: str, sentence: str, code: str) -> None:
    keep(claimed, Kind.FAILED, kind, sentence, code, proof_due_at=None)


@transaction.atomic
def keep(claimed: Invitation, event: Any, kind: str, sentence: str, code: str, **due: Any) -> None:
    """Keep what came out of an attempt unless the invitation has changed since; log a delay once for each reason."""
    changed = unchanged(claimed).update(error_kind=kind, error=sentence[:500], error_code=code[:40], **due)
    if changed and not (event == Kind.DELAYED and claimed.error_kind == kind):
        invitations.note(claimed, event, sentence, code)


def unchanged(claimed: Invitation) -> models.QuerySet[Invitation]:
    """The row as it was claimed; empty when it was cancelled, approved anew or claimed by another since."""
    return Invitation.objects.filter(
        pk=claimed.pk, proof_began_at=claimed.proof_began_at, proof_attempts=claimed.proof_attempts,
        used_at=None, cancelled_at=None,
    )  # fmt: skip


def domain_of(username: str) -> str:
    """The domain of a sign-in name, '' when it has none: the name is whatever a directory says."""
    domain = username.rpartition("@")[2].lower()
    return domain if DOMAIN.fullmatch(domain) else ""
