"""Admin consent in the browser: who may, how much, and what the application hears of it."""

from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import jwt
import pytest

from simulator.people import Person
from simulator.tenant import Tenant
from simulator.world import HOME_ID
from tests.simulator.conftest import CALLBACK, Page, Visitor, brought

GRAPH = "https://graph.microsoft.com"
FOUR = {f"Security{what}.{way}.All" for what in ("Incident", "Alert") for way in ("Read", "ReadWrite")}
VERSIONS = pytest.mark.parametrize("version", ["v2.0/", ""])


@pytest.fixture
def tenant(visitor: Visitor) -> Tenant:
    tenant = visitor.world.tenant("Stellan Manufacturing")
    tenant.revoke()
    return tenant


def asked(visitor: Visitor, version: str = "v2.0/", **changes: str | None) -> dict[str, str]:
    scope = {"scope": f"{GRAPH}/.default"} if version else {}
    form = {"client_id": visitor.world.client_id, "redirect_uri": CALLBACK, "state": "s 1", **scope, **changes}
    return {name: value for name, value in form.items() if value is not None}


def question(visitor: Visitor, person: Person, place: str, version: str = "v2.0/", status: int = 200) -> Page:
    """The page that the person sees after having signed in."""
    first = visitor.page(f"/{place}/{version}adminconsent", asked(visitor, version))
    answer = visitor.pick(first, person)
    assert answer.status_code == 303
    return visitor.page(answer.headers["Location"], status=status)


def token(visitor: Visitor, tenant: Tenant) -> Any:
    form = {"client_id": visitor.world.client_id, "client_secret": visitor.world.client_secret,
            "grant_type": "client_credentials", "scope": f"{GRAPH}/.default"}  # fmt: skip
    return visitor.http.post(f"/{tenant.id}/oauth2/v2.0/token", data=form).json()


def roles(visitor: Visitor, tenant: Tenant) -> set[str]:
    claims = jwt.decode(token(visitor, tenant)["access_token"], options={"verify_signature": False})
    return set(claims.get("roles", ()))


def returned(answer: httpx.Response, code: int) -> dict[str, str]:
    got = brought(answer)
    assert got["error_description"].startswith(f"AADSTS{code}: ")
    return got


def test_an_accepted_consent_names_the_directory_and_what_was_granted(visitor: Visitor, tenant: Tenant) -> None:
    page = question(visitor, visitor.people(tenant.id)[0], tenant.id)
    for text in ("Utkik", "Northwatch", "Read and write to all security alerts", tenant.name):
        assert text in page.text
    got = brought(visitor.press(page, "accept"))
    assert set(got.pop("scope").split()) == {f"{GRAPH}/{role}" for role in FOUR}
    assert got == {"admin_consent": "True", "tenant": tenant.id, "state": "s 1"}
    assert roles(visitor, tenant) == FOUR


def test_the_older_address_names_no_scope(visitor: Visitor, tenant: Tenant) -> None:
    page = question(visitor, visitor.people(tenant.id)[0], tenant.id, version="")
    got = brought(visitor.press(page, "accept"))
    assert got == {"admin_consent": "True", "tenant": tenant.id, "state": "s 1"}
    assert roles(visitor, tenant) == FOUR


@pytest.mark.parametrize(("place", "version"), [("organizations", "v2.0/"), ("organizations", ""), ("common", "")])
def test_for_everybody_the_person_decides_which_directory_it_is(
    visitor: Visitor, tenant: Tenant, place: str, version: str
) -> None:
    page = question(visitor, visitor.people(tenant.id)[0], place, version)
    assert brought(visitor.press(page, "accept"))["tenant"] == tenant.id
    assert tenant.consented


@pytest.mark.parametrize(
    ("ticks", "left"),
    [
        ({"without_write": "1"}, {"SecurityIncident.Read.All", "SecurityAlert.Read.All"}),
        ({"only_incidents": "1"}, {"SecurityIncident.Read.All", "SecurityIncident.ReadWrite.All"}),
        ({"without_write": "1", "only_incidents": "1"}, {"SecurityIncident.Read.All"}),
    ],
)
def test_a_consent_in_part_grants_less(visitor: Visitor, tenant: Tenant, ticks: dict[str, str], left: set[str]) -> None:
    page = question(visitor, visitor.people(tenant.id)[0], tenant.id)
    got = brought(visitor.press(page, "accept", **ticks))
    assert set(got["scope"].split()) == {f"{GRAPH}/{role}" for role in left}
    assert roles(visitor, tenant) == left


def test_a_declined_consent_says_true_beside_its_error(visitor: Visitor, tenant: Tenant) -> None:
    page = question(visitor, visitor.people(tenant.id)[0], tenant.id)
    got = returned(visitor.press(page, "cancel"), 65004)
    assert (got["admin_consent"], got["error"], got["state"]) == ("True", "consent_required", "s 1")
    assert "tenant" not in got
    assert not tenant.consented


def test_the_older_address_declines_without_true_and_forgets_the_state(visitor: Visitor, tenant: Tenant) -> None:
    page = question(visitor, visitor.people(tenant.id)[0], tenant.id, version="")
    got = returned(visitor.press(page, "cancel"), 65004)
    assert got["error"] == "permission_denied"
    assert not {"admin_consent", "tenant", "state"} & set(got)
    assert not tenant.consented


def test_cancel_before_a_person_is_picked_is_a_decline_too(visitor: Visitor, tenant: Tenant) -> None:
    first = visitor.page(f"/{tenant.id}/v2.0/adminconsent", asked(visitor))
    assert returned(visitor.press(first, "cancel"), 65004)["error"] == "consent_required"


@VERSIONS
@pytest.mark.parametrize("index", [1, 2])
def test_who_has_not_the_right_is_told_so_and_can_go_back(
    visitor: Visitor, tenant: Tenant, version: str, index: int
) -> None:
    person = visitor.people(tenant.id)[index]
    page = question(visitor, person, tenant.id, version)
    assert "AADSTS90094: " in page.text and person.username in page.text
    back, other = page.links
    query = {name: values[0] for name, values in parse_qs(urlsplit(back).query).items()}
    assert back.startswith(f"{CALLBACK}?")
    assert query["error"] == "access_denied"
    assert query["error_description"].startswith("AADSTS90094: ")
    assert query.get("admin_consent") == ("True" if version else None)
    address = f"/{tenant.id}/{version}adminconsent"
    forced = visitor.http.post(address, params=asked(visitor, version), data={"accept": "1"})
    assert ("AADSTS90094" in forced.text, tenant.consented) == (True, False)
    assert ("person", visitor.people(tenant.id)[0].oid) in visitor.page(other).buttons


def test_the_session_is_used_again_and_another_account_may_be_taken(visitor: Visitor, tenant: Tenant) -> None:
    admin = visitor.people(tenant.id)[0]
    question(visitor, admin, tenant.id)
    again = visitor.page(f"/{tenant.id}/v2.0/adminconsent", asked(visitor))
    assert ("accept", "1") in again.buttons and admin.username in again.text
    assert ("person", admin.oid) in visitor.page(again.links[0]).buttons


def test_an_accept_without_a_session_grants_nothing(visitor: Visitor, tenant: Tenant) -> None:
    answer = visitor.http.post(f"/{tenant.id}/v2.0/adminconsent", params=asked(visitor), data={"accept": "1"})
    assert answer.status_code == 303
    assert ("cancel", "1") in visitor.page(answer.headers["Location"]).buttons
    assert not tenant.consented


def test_nobody_consents_for_another_directory(visitor: Visitor, tenant: Tenant) -> None:
    other = visitor.world.tenant("Orchard & Pine LLP")
    question(visitor, visitor.people(other.id)[0], other.id)
    address = f"/{tenant.id}/v2.0/adminconsent"
    wrong = visitor.page(address, asked(visitor), status=400)
    assert "AADSTS50020: " in wrong.text
    forced = visitor.http.post(address, params=asked(visitor), data={"accept": "1"})
    assert (forced.status_code, tenant.consented) == (400, False)
    assert ("person", visitor.people(tenant.id)[0].oid) in visitor.page(wrong.links[0]).buttons


@pytest.mark.parametrize(
    ("place", "version", "changes", "code"),
    [
        ("common", "v2.0/", {}, 90130),
        ("consumers", "v2.0/", {}, 90130),
        ("consumers", "", {}, 90130),
        ("nowhere.example", "v2.0/", {}, 90002),
        ("organizations", "v2.0/", {"scope": None}, 900144),
        ("organizations", "v2.0/", {"scope": f"{GRAPH}/User.Read"}, 70011),
        ("organizations", "v2.0/", {"scope": f"{GRAPH}/.default openid"}, 70011),
        ("organizations", "v2.0/", {"client_id": None}, 900144),
        ("organizations", "v2.0/", {"client_id": HOME_ID}, 700016),
        ("organizations", "v2.0/", {"redirect_uri": None}, 900971),
        ("organizations", "", {"redirect_uri": "http://elsewhere.example/"}, 50011),
    ],
)
def test_a_wrong_request_is_answered_on_the_page_alone(
    visitor: Visitor, place: str, version: str, changes: dict[str, str | None], code: int
) -> None:
    page = visitor.page(f"/{place}/{version}adminconsent", asked(visitor, version, **changes), status=400)
    assert f"AADSTS{code}: " in page.text
    assert (page.links, page.buttons) == ([], [])


def test_a_consent_spreads_in_its_time(visitor: Visitor, tenant: Tenant) -> None:
    visitor.http.post("/_simulator/consent_delay", json={"seconds": 3})
    brought(visitor.press(question(visitor, visitor.people(tenant.id)[0], tenant.id), "accept"))
    visitor.world.advance(2.9)
    assert token(visitor, tenant)["error_codes"] == [7000229]
    visitor.world.advance(0.1)
    assert roles(visitor, tenant) == set()
    visitor.world.advance(0.9)
    assert roles(visitor, tenant) == set()
    visitor.world.advance(0.1)
    assert roles(visitor, tenant) == FOUR


def test_what_was_granted_before_holds_until_the_new_consent_has_spread(visitor: Visitor, tenant: Tenant) -> None:
    tenant.grant({"SecurityIncident.Read.All"})
    visitor.world.consent_delay = 3
    brought(visitor.press(question(visitor, visitor.people(tenant.id)[0], tenant.id), "accept"))
    for _ in range(4):
        assert roles(visitor, tenant) == {"SecurityIncident.Read.All"}
        visitor.world.advance(1)
    assert roles(visitor, tenant) == FOUR


def test_a_revocation_overtakes_a_consent_that_still_spreads(visitor: Visitor, tenant: Tenant) -> None:
    visitor.world.consent_delay = 3
    brought(visitor.press(question(visitor, visitor.people(tenant.id)[0], tenant.id), "accept"))
    visitor.world.advance(1)
    visitor.http.post(f"/_simulator/tenants/{tenant.id}/revoke", json={})
    visitor.world.advance(60)
    assert token(visitor, tenant)["error_codes"] == [7000229]


def test_the_signin_registration_asks_for_nothing_and_gets_nothing(visitor: Visitor, tenant: Tenant) -> None:
    wanted = asked(visitor, client_id=visitor.world.signin_client_id)
    address = f"/{tenant.id}/v2.0/adminconsent"
    answer = visitor.pick(visitor.page(address, wanted), visitor.people(tenant.id)[0])
    page = visitor.page(answer.headers["Location"])
    assert "security" not in page.text
    assert "Security" not in brought(visitor.press(page, "accept"))["scope"]
    assert not tenant.consented


@VERSIONS
def test_an_accepted_consent_may_fail_on_order(visitor: Visitor, tenant: Tenant, version: str) -> None:
    visitor.world.faults.add("consent_code", value=650052, tenant=tenant.id)
    page = question(visitor, visitor.people(tenant.id)[0], tenant.id, version)
    got = returned(visitor.press(page, "accept"), 650052)
    assert (got["error"], tenant.consented) == ("invalid_resource", False)
    assert brought(visitor.press(page, "accept"))["tenant"] == tenant.id
