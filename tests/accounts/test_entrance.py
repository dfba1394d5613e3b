"""Who comes in after Microsoft has proven who it is, as whom, and what everybody else is told."""

import logging
from uuid import UUID

import pytest
from django.contrib.sessions.models import Session
from django.test import Client

from accounts import grants
from accounts.models import User
from tenants.models import Customer, Tenant
from tests.defender.entra import LOGIN, OID, OTHER, TID

pytestmark = pytest.mark.django_db


@pytest.fixture
def astrid() -> User:
    return grants.grant(UUID(TID), UUID(OID), User.Role.ANALYST)[0]


@pytest.fixture
def halden(entra) -> Tenant:
    """A connected customer, from whose directory the person comes."""
    entra.claims = {"tid": OTHER, "iss": f"{LOGIN}/{OTHER}/v2.0", "name": "Hanne Halden"}
    return Tenant.objects.create(customer=Customer.objects.create(name="Halden Energi"), entra_id=OTHER)


def signed_in(client) -> bool:
    return client.get("/settings").status_code == 200


def refused(answer, status: int, *words: str) -> None:
    text = answer.content.decode()
    assert answer.status_code == status
    assert "You are not signed in" in text
    for word in words:
        assert word in text


def test_staff_with_a_role_come_in_and_are_named_as_the_directory_names_them(client, come_in, astrid):
    answer = come_in()
    assert (answer.status_code, answer.url) == (302, "/")
    assert signed_in(client)
    astrid.refresh_from_db()
    assert (astrid.name, astrid.email, astrid.role) == ("Astrid Analyst", "astrid@northwatch.example", "analyst")
    page = client.get("/").content.decode()
    assert "Astrid Analyst" in page and "Analyst</span>" in page
    assert OID not in page


def test_the_user_name_of_someone_from_entra_is_never_shown(client, come_in, entra, astrid):
    entra.claims = {"name": None, "preferred_username": None}
    come_in()
    assert f"{OID}@" not in client.get("/").content.decode()


def test_staff_without_a_role_are_told_the_command(client, come_in):
    refused(come_in(), 403, f"manage.py grant {OID} analyst", "astrid@northwatch.example")
    assert not signed_in(client)
    assert not User.objects.exists()


def test_a_customer_of_a_directory_that_has_become_the_home_one_needs_a_role(client, come_in):
    User.objects.create_user("once", role=User.Role.CUSTOMER, tid=TID, oid=OID)
    refused(come_in(), 403, f"manage.py grant {OID} analyst")
    assert not signed_in(client)


def test_somebody_who_was_revoked_does_not_come_in(client, come_in, astrid):
    grants.revoke(UUID(TID), UUID(OID))
    refused(come_in(), 403, "no longer")
    assert not signed_in(client)


def test_somebody_of_a_connected_directory_comes_in_as_customer(client, come_in, halden):
    come_in()
    user = User.objects.get()
    assert (user.role, str(user.tid), str(user.oid), user.name) == ("customer", OTHER, OID, "Hanne Halden")
    assert not user.has_usable_password()
    assert list(Customer.objects.visible_to(user)) == [halden.customer]
    assert client.get("/").status_code == 200
    client.post("/sign-out")
    come_in()
    assert User.objects.count() == 1


def test_a_session_does_not_outlive_the_connection(client, come_in, halden):
    come_in()
    assert signed_in(client)
    Tenant.objects.update(state=Tenant.State.DISCONNECTED)
    assert not signed_in(client)
    refused(come_in(), 403, "not connected")


def test_a_stranger_and_a_disconnected_customer_are_told_the_same(client, come_in, halden):
    Tenant.objects.update(state=Tenant.State.DISCONNECTED)
    before = come_in()
    Tenant.objects.all().delete()
    after = come_in()
    refused(before, 403, "not connected")
    assert before.content == after.content
    assert b"Halden Energi" not in before.content
    assert not User.objects.exists()


def test_a_known_e_mail_address_of_another_directory_opens_nothing(client, come_in, entra, astrid, halden):
    User.objects.update(email="astrid@northwatch.example", name="Astrid Analyst")
    entra.claims |= {"preferred_username": "astrid@northwatch.example", "email": "astrid@northwatch.example"}
    come_in()
    assert client.get("/settings").context["user"].role == "customer"
    assert User.objects.count() == 2


def test_the_same_object_id_of_another_directory_is_another_person(client, come_in, astrid, halden):
    come_in()
    assert client.get("/settings").context["user"] != astrid


def test_old_staff_of_a_directory_that_is_now_a_customers_do_not_come_in(client, come_in, settings, halden):
    grants.grant(UUID(OTHER), UUID(OID), User.Role.ADMINISTRATOR)
    refused(come_in(), 403, "no longer")
    assert not signed_in(client)


def test_a_person_of_the_home_directory_is_no_customer_even_when_it_is_connected(client, come_in):
    Tenant.objects.create(customer=Customer.objects.create(name="Ourselves"), entra_id=TID)
    refused(come_in(), 403, "manage.py grant")


def test_the_page_that_was_asked_for_comes_after_the_sign_in(client, come_in, astrid):
    asked = client.get("/sync?tab=alerts")
    assert client.get(asked.url).context["next"] == "/sync?tab=alerts"
    assert come_in(next="/sync?tab=alerts").url == "/sync?tab=alerts"


@pytest.mark.parametrize(
    "target", ["https://evil.example/", "//evil.example", "/\\evil.example", "javascript:alert(1)"]
)
def test_a_sign_in_never_leads_elsewhere(come_in, astrid, target):
    assert come_in(next=target).url == "/"


def test_nothing_of_a_session_before_the_sign_in_opens_it_after(client, leave, astrid):
    answer = leave()
    before = client.cookies["utkik-session"].value
    client.get("/sign-in/callback", answer)
    after = client.cookies["utkik-session"].value
    assert before != after
    assert not Session.objects.filter(session_key=before).exists()
    client.get("/sign-in/callback", leave())
    assert client.cookies["utkik-session"].value != after
    assert not Session.objects.filter(session_key=after).exists()


def test_a_callback_is_good_once(client, leave, entra, astrid):
    answer = leave()
    client.get("/sign-in/callback", answer)
    asked = len(entra.posted())
    client.post("/sign-out")
    refused(client.get("/sign-in/callback", answer), 400, "Start again")
    assert len(entra.posted()) == asked
    assert not signed_in(client)


def test_a_replay_leaves_whoever_is_signed_in(client, leave, astrid):
    answer = leave()
    client.get("/sign-in/callback", answer)
    refused(client.get("/sign-in/callback", answer), 400)
    assert signed_in(client)


@pytest.mark.parametrize("forged", [{}, {"code": "c0de"}, {"state": "x", "code": "c0de"}, {"state": "", "code": ""}])
def test_a_forged_callback_changes_nothing(client, leave, entra, astrid, forged):
    answer = leave()
    refused(client.get("/sign-in/callback", forged), 400)
    assert entra.posted() == []
    assert client.get("/sign-in/callback", answer).status_code == 302


def test_an_error_without_our_state_changes_nothing_either(client, leave, astrid):
    answer = leave()
    page = client.get("/sign-in/callback", {"error": "access_denied", "error_description": "AADSTS65004 <script>x"})
    refused(page, 403, "AADSTS65004")
    assert b"<script>x" not in page.content
    assert client.get("/sign-in/callback", answer).status_code == 302


def test_a_cancelled_sign_in_is_over(client, leave, astrid):
    answer = leave()
    cancelled = {"state": answer["state"], "error": "access_denied"}
    refused(client.get("/sign-in/callback", cancelled), 403, "cancelled")
    refused(client.get("/sign-in/callback", answer), 400)


def test_a_callback_in_another_browser_signs_nobody_in(leave, astrid):
    another = Client()
    refused(another.get("/sign-in/callback", leave()), 400)
    assert not signed_in(another)


def test_a_forged_token_is_logged_with_the_reason_and_without_the_token(client, leave, entra, astrid, caplog):
    entra.claims = {"aud": OTHER}
    with caplog.at_level(logging.INFO):
        refused(client.get("/sign-in/callback", leave()), 400, "does not prove")
    assert "InvalidAudienceError" in caplog.text
    assert "eyJ" not in caplog.text
    assert not signed_in(client)


def test_a_busy_microsoft_is_a_page(client, leave, entra, astrid):
    entra.refusal = (503, {"error": "busy"})
    refused(client.get("/sign-in/callback", leave()), 503, "Try again")


def test_without_a_registration_the_page_says_so(client, settings, db):
    settings.ENTRA_HOME_TENANT_ID = ""
    text = client.get("/sign-in").content.decode()
    assert "ENTRA_SIGNIN_CLIENT_ID" in text
    assert "Sign in with Microsoft<" not in text
    refused(client.get("/sign-in/microsoft"), 503, "not set up")


def test_a_certificate_that_is_gone_is_a_page(client, settings, entra):
    settings.SIGN_IN_CERTIFICATE = "/nowhere/monitor.pem"
    page = client.get("/sign-in/microsoft")
    refused(page, 503, "certificate")
    assert b"/nowhere" not in page.content


def test_the_hint_and_the_choice_of_accounts_reach_microsoft(client, entra, settings):
    sent = client.get("/sign-in/microsoft?login_hint=astrid@northwatch.example&prompt=select_account&claims=x").url
    assert sent.startswith(f"{settings.MICROSOFT_CLOUD_URL}/organizations/oauth2/v2.0/authorize?")
    assert "login_hint=astrid" in sent and "prompt=select_account" in sent and "claims" not in sent
    assert "prompt" not in client.get("/sign-in/microsoft?prompt=none").url


def test_a_strange_name_from_the_directory_is_only_text(client, come_in, entra, astrid):
    entra.claims = {"name": "<script>alert(1)</script>\u202e\0", "preferred_username": "'\"><b>@x"}
    come_in()
    page = client.get("/").content.decode()
    assert "<script>alert(1)" not in page and "&lt;script&gt;alert(1)" in page


def test_an_app_role_that_a_customers_directory_gives_means_nothing(client, come_in, entra, halden):
    entra.claims |= {"roles": ["Utkik.Administrator"]}
    come_in()
    assert User.objects.get().role == "customer"
    assert client.get("/people").status_code == 404
