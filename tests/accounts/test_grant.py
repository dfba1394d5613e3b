"""Roles are given and taken by object ID, and nonsense is refused in one sentence."""

from io import StringIO
from uuid import UUID

import pytest
from django.core.management import CommandError, call_command

from accounts.models import User
from tests.defender.entra import OID, OTHER, TID

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def home(settings):
    settings.ENTRA_HOME_TENANT_ID = TID


def grant(*arguments: str) -> str:
    output = StringIO()
    call_command("grant", *arguments, stdout=output)
    return output.getvalue()


def test_a_person_is_made_with_a_role_and_given_another():
    assert grant(OID.upper(), "analyst", "--name", "Astrid") == "Astrid is now analyst.\n"
    user = User.objects.get()
    assert (user.tid, user.oid, user.role, user.name) == (UUID(TID), UUID(OID), "analyst", "Astrid")
    assert not user.has_usable_password()
    assert grant(OID, "administrator") == "Astrid is administrator.\n"
    assert User.objects.get().role == "administrator"
    assert User.objects.get().name == "Astrid"


def test_a_changed_role_and_a_revoked_one_end_open_sessions(client):
    grant(OID, "administrator")
    for arguments, status in (((OID, "administrator"), 200), ((OID, "analyst"), 302), ((OID, "--revoke"), 302)):
        client.force_login(User.objects.get())
        assert client.get("/settings").status_code == 200
        grant(*arguments)
        assert client.get("/settings").status_code == status, arguments


def test_a_revoked_person_can_be_granted_a_role_again():
    grant(OID, "analyst")
    assert grant(OID, "--revoke") == f"{OID} may no longer sign in.\n"
    assert not User.objects.get().is_active
    grant(OID, "manager")
    assert User.objects.get().is_active


@pytest.mark.parametrize(
    "arguments",
    [
        ("astrid@northwatch.example", "analyst"),
        (OID, "customer"),
        (OID, "root"),
        (OID,),
        (OID, "analyst", "--name", "x" * 201),
        (OTHER, "--revoke"),
        (OID, "analyst", "--revoke"),
    ],
)
def test_nonsense_is_one_sentence_and_changes_nothing(arguments):
    with pytest.raises(CommandError) as refused:
        grant(*arguments)
    assert "\n" not in str(refused.value)
    assert str(refused.value).endswith((".", ")."))
    assert not User.objects.exists()


def test_without_a_home_directory_nobody_can_be_granted_a_role(settings):
    settings.ENTRA_HOME_TENANT_ID = ""
    with pytest.raises(CommandError, match="ENTRA_HOME_TENANT_ID"):
        grant(OID, "analyst")


def test_the_operators_password_is_never_given_to_somebody_from_entra():
    grant(OID, "administrator")
    with pytest.raises(CommandError, match="another name"):
        call_command("operator", User.objects.get().username)
    assert not User.objects.get().has_usable_password()


def test_the_sign_in_page_shows_the_command_until_there_is_an_administrator(client):
    command = "manage.py grant OBJECT-ID administrator"
    grant(OTHER, "analyst")
    assert command in client.get("/sign-in").content.decode()
    grant(OID, "administrator")
    assert command not in client.get("/sign-in").content.decode()
    grant(OID, "--revoke")
    assert command in client.get("/sign-in").content.decode()
