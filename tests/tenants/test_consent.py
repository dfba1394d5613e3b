"""Which answers of the consent page count: the one that was asked for, once, in the browser that asked."""

from datetime import timedelta
from uuid import UUID

import pytest
from django.test import Client
from django.utils import timezone

from defender.sign_in import Person
from tenants import connecting, consent, invitations
from tenants.models import ConsentState, Customer, Invitation, Tenant

from .conftest import BROWSER, OID, linked, standing, yes

pytestmark = pytest.mark.django_db
OTHER = "99999999-9999-4999-8999-999999999999"
DECLINED = "AADSTS65004: User declined to consent to access the app."


def come_back(client, parameters):
    return client.get("/connect/callback", parameters)


def refused(client, parameters, *words):
    answer = come_back(client, parameters)
    text = answer.content.decode()
    assert answer.status_code == 400
    for word in words:
        assert word in text
    return text


def test_the_consent_page_of_the_directory_that_signed_in_is_asked(invitation, directory, ask, settings):
    person = Person(directory.id, OID, "Hanne", "hanne@halden.example")
    address = consent.ask(invitation, person, BROWSER)
    assert address.startswith(f"{settings.MICROSOFT_CLOUD_URL}/{directory.id}/v2.0/adminconsent?")
    asked = ask(invitation, directory.id)
    assert asked["client_id"] == settings.ENTRA_CLIENT_ID
    assert asked["scope"] == "https://graph.microsoft.com/.default"
    assert asked["redirect_uri"] == f"{settings.PUBLIC_URL}/connect/callback"
    assert len(asked["state"]) >= 43
    settings.MICROSOFT_CLOUD_URL = ""
    assert consent.ask(invitation, person, BROWSER).startswith("https://login.microsoftonline.com/")


def test_neither_the_state_nor_the_browser_can_be_read_from_the_database(invitation, directory, ask):
    asked = ask(invitation, directory.id)
    kept = str(ConsentState.objects.values().get())
    assert asked["state"] not in kept
    assert BROWSER not in kept


def test_the_right_answer_begins_the_proof(client, invitation, directory, ask, django_capture_on_commit_callbacks):
    with django_capture_on_commit_callbacks() as woken:
        answer = come_back(client, yes(ask(invitation, directory.id), directory.id))
    assert (answer.status_code, answer.url) == (302, f"/connect/{invitations.token(invitation)}")
    fresh = Invitation.objects.get()
    assert (fresh.state, fresh.entra_id, fresh.approver) == ("proving", UUID(directory.id), "hanne@halden.example")
    assert fresh.proof_due_at <= timezone.now()
    assert len(woken) == 1
    assert not Tenant.objects.exists()


def test_the_same_answer_counts_once(client, invitation, directory, ask):
    parameters = yes(ask(invitation, directory.id), directory.id)
    come_back(client, parameters)
    before = standing(invitation)
    refused(client, parameters, "This answer cannot be used")
    assert standing(invitation) == before
    assert invitation.events.filter(kind="replayed").count() == 1


def test_an_answer_counts_in_the_browser_that_asked_only(invitation, directory, ask):
    parameters, before = yes(ask(invitation, directory.id), directory.id), standing(invitation)
    refused(Client(), parameters, "This answer cannot be used")
    other = Client()
    session = other.session
    session["connect-browser"], session["connect-invitation"] = "another", invitation.pk
    session.save()
    refused(other, parameters, "This answer cannot be used")
    assert standing(invitation) == before


@pytest.mark.parametrize("state", [None, "", "x", "\0", "\ud800", "x" * 7000])
def test_an_answer_without_our_state_changes_nothing(client, invitation, directory, ask, state):
    asked, before = ask(invitation, directory.id), standing(invitation)
    text = "x" if state == "\ud800" else state
    refused(client, yes(asked, directory.id, state=text), "This answer cannot be used")
    assert standing(invitation) == before


def test_an_answer_about_another_directory_links_neither(client, invitation, directory, ask):
    asked, before = ask(invitation, directory.id), standing(invitation)
    refused(client, yes(asked, OTHER), "Another organisation was approved")
    refused(client, yes(asked, directory.id, tenant=None), "Another organisation was approved")
    assert standing(invitation) == before
    come_back(client, yes(asked, directory.id.upper()))
    assert linked(invitation) == UUID(directory.id)


def test_an_answer_after_a_quarter_of_an_hour_is_too_late(client, invitation, directory, ask):
    parameters = yes(ask(invitation, directory.id), directory.id)
    ConsentState.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    refused(client, parameters, "This answer cannot be used")
    assert linked(invitation) is None


def test_admin_consent_beside_an_error_is_an_error(client, invitation, directory, ask):
    asked = ask(invitation, directory.id)
    error = {"error": "consent_required", "error_description": DECLINED}
    refused(client, yes(asked, directory.id, **error), "You have not approved", "AADSTS65004")
    fresh = Invitation.objects.get()
    assert (fresh.state, fresh.error_kind, fresh.error_code) == ("waiting", "declined", "AADSTS65004")
    refused(client, yes(asked, directory.id), "This answer cannot be used")
    assert linked(invitation) is None


def test_an_answer_that_says_neither_yes_nor_no_is_no_yes(client, invitation, directory, ask):
    refused(client, yes(ask(invitation, directory.id), directory.id, admin_consent=None), "Microsoft stopped")
    assert linked(invitation) is None


@pytest.mark.parametrize(
    ("error", "description", "title", "event"),
    [
        ("access_denied", DECLINED, "You have not approved", "declined"),
        ("permission_denied", "The admin canceled the request", "You have not approved", "declined"),
        ("access_denied", "AADSTS90094: …", "An administrator has to approve", "not_administrator"),
        ("access_denied", "AADSTS90093: …", "An administrator has to approve", "not_administrator"),
        ("access_denied", "AADSTS90095: …", "Your request is with your administrators", "not_administrator"),
        ("access_denied", "AADSTS900941: …", "Microsoft wants an administrator to look first", "stopped"),
        ("invalid_client", "AADSTS650052: …", "Microsoft Defender is not there yet", "stopped"),
        ("server_error", "AADSTS90090: …", "Microsoft could not finish", "stopped"),
        ("temporarily_unavailable", "", "Microsoft could not finish", "stopped"),
        ("invalid_request", "AADSTS50020: …", "Another account is needed", "wrong_directory"),
        ("invalid_request", "AADSTS90002: …", "Microsoft does not know this directory", "wrong_directory"),
        ("access_denied", "AADSTS53003: …", "A policy of your directory blocks this", "stopped"),
        ("invalid_client", "AADSTS50011: …", "The fault is ours", "stopped"),
        ("access_denied", "AADSTS12345678: …", "Microsoft stopped the approval", "stopped"),
        ("<script>alert(1)</script>", "", "Microsoft stopped the approval", "stopped"),
    ],
)
def test_each_error_of_microsoft_has_its_page(client, invitation, directory, ask, error, description, title, event):
    asked = ask(invitation, directory.id)
    text = refused(client, {"error": error, "error_description": description, "state": asked["state"]}, title)
    assert "Start again" in text
    assert "<script>alert" not in text
    assert invitation.events.first().kind == event
    assert linked(invitation) is None


def test_an_unknown_code_is_shown_as_it_is_and_its_text_is_not(client, invitation):
    text = refused(client, {"error": "odd", "error_description": "AADSTS7654321: Call +46 1 now"}, "AADSTS7654321")
    assert "Call" not in text
    assert "odd&lt;b&gt;" in refused(client, {"error": "odd<b>"})


def test_a_stateless_error_has_its_page_and_no_line_in_the_log(client, invitation, directory, ask):
    ask(invitation, directory.id)
    before = (standing(invitation), invitation.events.count())
    text = refused(client, {"error": "permission_denied"}, "You have not approved")
    assert f"/connect/{invitations.token(invitation)}/continue" in text
    assert (standing(invitation), invitation.events.count()) == before


def test_a_parameter_given_twice_spoils_the_answer(client, invitation, directory, ask):
    parameters = yes(ask(invitation, directory.id), directory.id, tenant=[OTHER, directory.id])
    refused(client, parameters, "This answer cannot be used")
    assert linked(invitation) is None


@pytest.mark.parametrize("end", [{"cancelled_at": timezone.now()}, {"expires_at": timezone.now()}, {"used_at": timezone.now()}])  # fmt: skip
def test_a_link_that_has_ended_links_nothing(client, invitation, directory, ask, end):
    parameters = yes(ask(invitation, directory.id), directory.id)
    Invitation.objects.update(**end)
    text = refused(client, parameters, "This answer cannot be used")
    assert "Start again" not in text
    assert linked(invitation) is None


def test_an_approval_given_anew_takes_the_place_of_the_one_being_proved(client, invitation, directory, world, ask):
    come_back(client, yes(ask(invitation, directory.id), directory.id))
    Invitation.objects.update(proof_attempts=4, error_kind="role_missing")
    second = world.tenant("Mora Clinics")
    come_back(client, yes(ask(invitation, second.id), second.id))
    fresh = Invitation.objects.get()
    assert (fresh.entra_id, fresh.proof_attempts, fresh.error_kind) == (UUID(second.id), 0, "")


def test_directories_that_are_not_the_customers_are_refused_before_anybody_is_asked(invitation, tenant, settings):
    settings.ENTRA_HOME_TENANT_ID = OTHER
    other = invitations.invite("Somebody else", "it@else.example")
    for wrong, tid, kind in (
        (invitation, OTHER, "home"), (invitation, consent.CONSUMERS, "personal"), (other, str(tenant.entra_id), "taken"),
    ):  # fmt: skip
        with pytest.raises(consent.Stopped) as caught:
            consent.ask(wrong, Person(tid, OID, "Hanne", "hanne@halden.example"), BROWSER)
        assert caught.value.stop.kind == kind
        assert tenant.customer.name not in f"{caught.value.stop.sentence} {caught.value.stop.advice}"
    assert not ConsentState.objects.exists()
    assert consent.ask(invitation, Person(str(tenant.entra_id), OID, "", ""), BROWSER)


def test_a_directory_is_never_moved_by_an_approval_that_came_first_elsewhere(tenant, directory):
    with pytest.raises(connecting.Refused):
        connecting.record("Somebody else", UUID(directory.id), can_write=True)
    assert Tenant.objects.get().customer == tenant.customer
    assert not Customer.objects.filter(name="Somebody else").exists()
