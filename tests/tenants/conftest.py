"""An invitation, and the way of its administrator to Microsoft's consent page and back."""

from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs, urlsplit
from uuid import UUID

import pytest
from django.test import Client

from defender.sign_in import Person
from tenants import consent, invitations
from tenants.models import Invitation

OID = "33333333-3333-4333-8333-333333333333"
BROWSER = "the value that the session of this browser keeps"


@pytest.fixture
def invitation(db: None, directory: Any) -> Invitation:
    """An open invitation for Halden Energi, whose directory is not connected."""
    return invitations.invite(directory.name, "it@halden.example")


@pytest.fixture
def ask(client: Client) -> Callable[..., dict[str, str]]:
    """Be back from the sign-in as somebody of a directory; what Microsoft's consent page is asked."""

    def asked(invitation: Invitation, tid: str, visitor: Client = client) -> dict[str, str]:
        session = visitor.session
        session["connect-browser"], session["connect-invitation"] = BROWSER, invitation.pk
        session.save()
        person = Person(tid, OID, "Hanne Halden", "hanne@halden.example")
        return query(consent.ask(invitation, person, BROWSER))

    return asked


def query(address: str) -> dict[str, str]:
    return {name: values[0] for name, values in parse_qs(urlsplit(address).query).items()}


def yes(asked: dict[str, str], tid: str, **changes: Any) -> dict[str, Any]:
    """Microsoft's answer when the administrator accepts; a change to None leaves a parameter out."""
    answer = {"admin_consent": "True", "tenant": tid, "scope": "https://graph.microsoft.com/.default",
              "state": asked["state"]} | changes  # fmt: skip
    return {name: value for name, value in answer.items() if value is not None}


def standing(invitation: Invitation) -> tuple[Any, ...]:
    """All of an invitation that an answer could change."""
    fresh = Invitation.objects.get(pk=invitation.pk)
    return (fresh.state, fresh.entra_id, fresh.proof_due_at, fresh.used_at, fresh.approver)


def linked(invitation: Invitation) -> UUID | None:
    return Invitation.objects.get(pk=invitation.pk).entra_id
