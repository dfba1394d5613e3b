"""Picking a person at the authorize address, and how the browser comes back."""

import base64
import hashlib
import uuid

import pytest

from simulator.world import HOME_ID
from tests.simulator.conftest import CALLBACK, Page, Visitor, brought

ANYBODY = "/organizations/oauth2/v2.0/authorize"
CHALLENGE = base64.urlsafe_b64encode(hashlib.sha256(b"v" * 43).digest()).rstrip(b"=").decode()


def asked(visitor: Visitor, **changes: str | None) -> dict[str, str]:
    form = {"client_id": visitor.world.signin_client_id, "redirect_uri": CALLBACK, "response_type": "code",
            "scope": "openid profile", "state": "a&b=c", "nonce": "n", **changes}  # fmt: skip
    return {name: value for name, value in form.items() if value is not None}


def signed_in(visitor: Visitor, tid: str = HOME_ID) -> None:
    visitor.pick(visitor.page(ANYBODY, asked(visitor)), visitor.people(tid)[0])


def listed(page: Page) -> set[str]:
    return {value for name, value in page.buttons if name == "person"}


def test_everybody_of_every_directory_may_be_picked(visitor: Visitor) -> None:
    page = visitor.page(ANYBODY, asked(visitor))
    assert listed(page) == set(visitor.world.people)
    assert len(visitor.people(HOME_ID)) == 5
    assert "Simulated Microsoft" in page.text


def test_the_people_have_fixed_ids_and_only_a_global_administrator_may_consent(visitor: Visitor) -> None:
    shown = visitor.http.get("/_simulator/world").json()
    assert shown["home"] == {"id": HOME_ID, "name": "Northwatch", "domain": "northwatch.example"}
    assert HOME_ID not in [tenant["id"] for tenant in shown["tenants"]]
    stellan = [
        person for person in shown["people"] if person["tid"] == visitor.world.tenant("Stellan Manufacturing").id
    ]
    assert [(person["title"], person["may_consent"]) for person in stellan] == [
        ("Global Administrator", True), ("Cloud Application Administrator", False), ("Employee", False),
    ]  # fmt: skip
    assert stellan[0]["oid"] == "f68a6a28-9ff4-41a4-a1db-e20014cb6b2a"
    assert all(person["username"].isascii() for person in shown["people"])


def test_a_picked_person_comes_back_with_a_code_and_the_state(visitor: Visitor) -> None:
    answer = visitor.pick(visitor.page(ANYBODY, asked(visitor)), visitor.people(HOME_ID)[0])
    got = brought(answer)
    assert set(got) == {"code", "state", "session_state"}
    assert got["state"] == "a&b=c"
    cookie = answer.headers["Set-Cookie"]
    assert cookie.startswith("ESTSAUTH-simulated=") and "HttpOnly" in cookie and "SameSite=Lax" in cookie


@pytest.mark.parametrize("by", ["id", "domain"])
def test_a_directory_shows_only_its_own_people(visitor: Visitor, by: str) -> None:
    tenant = visitor.world.tenant("Stellan Manufacturing")
    page = visitor.page(f"/{getattr(tenant, by)}/oauth2/v2.0/authorize", asked(visitor))
    assert listed(page) == {person.oid for person in visitor.people(tenant.id)}


def test_hints_narrow_the_choice_and_another_account_widens_it(visitor: Visitor) -> None:
    tenant = visitor.world.tenant("Stellan Manufacturing")
    some = visitor.page(ANYBODY, asked(visitor, domain_hint=tenant.domain))
    assert listed(some) == {person.oid for person in visitor.people(tenant.id)}
    person = visitor.people(tenant.id)[1]
    one = visitor.page(ANYBODY, asked(visitor, login_hint=person.username.upper()))
    assert listed(one) == {person.oid}
    assert listed(visitor.page(one.links[0])) == set(visitor.world.people)
    assert listed(visitor.page(ANYBODY, asked(visitor, login_hint="nobody@nowhere.example"))) == set(
        visitor.world.people
    )


@pytest.mark.parametrize(
    ("segment", "changes", "code"),
    [
        ("organizations", {"client_id": None}, 900144),
        ("organizations", {"client_id": str(uuid.UUID(int=1))}, 700016),
        ("organizations", {"redirect_uri": None}, 900971),
        ("organizations", {"redirect_uri": "http://elsewhere.example/callback"}, 50011),
        ("organizations", {"redirect_uri": "javascript:alert(1)"}, 50011),
        ("organizations", {"redirect_uri": "https://a.example;script-src *"}, 50011),
        ("organizations", {"redirect_uri": "http://user@localhost/"}, 50011),
        ("organizations", {"redirect_uri": "http://localhost.evil.example/"}, 50011),
        ("organizations", {"redirect_uri": f"{CALLBACK}#fragment"}, 50011),
        ("consumers", {}, 90130),
        (str(uuid.UUID(int=1)), {}, 90002),
    ],
)
def test_an_application_that_is_not_trusted_hears_of_nothing(
    visitor: Visitor, segment: str, changes: dict[str, str | None], code: int
) -> None:
    page = visitor.page(f"/{segment}/oauth2/v2.0/authorize", asked(visitor, **changes), status=400)
    assert f"AADSTS{code}: " in page.text
    assert (page.links, page.buttons) == ([], [])


def test_a_registered_address_has_to_match_exactly(visitor: Visitor) -> None:
    order = {"signin": [CALLBACK, "https://utkik.example/callback"]}
    assert visitor.http.post("/_simulator/redirects", json=order).json()["redirects"] == {**order, "monitor": []}
    visitor.page(ANYBODY, asked(visitor))
    for other in (f"{CALLBACK}/", f"{CALLBACK}?x=1", "https://UTKIK.example/callback", "http://localhost:8000/other"):
        page = visitor.page(ANYBODY, asked(visitor, redirect_uri=other), status=400)
        assert "AADSTS50011" in page.text
    for bad in ("ftp://x.example/", "x", 5, "https://"):
        assert visitor.http.post("/_simulator/redirects", json={"signin": [bad]}).status_code == 400
    visitor.world.register_redirects(signin=[])
    visitor.page(ANYBODY, asked(visitor, redirect_uri="https://anything.example/x"))


@pytest.mark.parametrize(
    ("changes", "error", "code"),
    [
        ({"response_type": None}, "invalid_request", 900144),
        ({"response_type": "token"}, "unsupported_response_type", 70005),
        ({"scope": None}, "invalid_request", 900144),
        ({"scope": "openid https://graph.microsoft.com/.default"}, "invalid_scope", 70011),
        ({"response_mode": "fragment"}, "invalid_request", 70007),
        ({"prompt": "admin_consent"}, "invalid_request", 90023),
        ({"code_challenge": CHALLENGE, "code_challenge_method": "plain"}, "invalid_request", 90023),
        ({"code_challenge": CHALLENGE}, "invalid_request", 90023),
        ({"code_challenge": "short", "code_challenge_method": "S256"}, "invalid_request", 90023),
        ({"prompt": "none"}, "login_required", 50058),
    ],
)
def test_a_wrong_request_comes_back_with_its_error(
    visitor: Visitor, changes: dict[str, str | None], error: str, code: int
) -> None:
    got = brought(visitor.open(ANYBODY, asked(visitor, **changes)))
    assert (got["error"], got["state"]) == (error, "a&b=c")
    assert got["error_description"].startswith(f"AADSTS{code}: ")
    assert "code" not in got


def test_a_session_is_used_without_a_question(visitor: Visitor) -> None:
    signed_in(visitor)
    for prompt in (None, "none"):
        assert "code" in brought(visitor.open(ANYBODY, asked(visitor, prompt=prompt)))
    for prompt in ("login", "select_account"):
        assert listed(visitor.page(ANYBODY, asked(visitor, prompt=prompt))) == set(visitor.world.people)


def test_a_session_of_another_than_the_one_wanted_is_not_used(visitor: Visitor) -> None:
    signed_in(visitor)
    other = visitor.people(HOME_ID)[1]
    hinted = asked(visitor, login_hint=other.username)
    assert listed(visitor.page(ANYBODY, hinted)) == {other.oid}
    assert brought(visitor.open(ANYBODY, {**hinted, "prompt": "none"}))["error"] == "interaction_required"


def test_a_person_of_another_directory_is_told_so(visitor: Visitor) -> None:
    signed_in(visitor)
    tenant = visitor.world.tenant("Stellan Manufacturing")
    place = f"/{tenant.id}/oauth2/v2.0/authorize"
    wrong = visitor.page(place, asked(visitor), status=400)
    assert "AADSTS50020: " in wrong.text and "ines.ahlgren@northwatch.example" in wrong.text
    again = visitor.page(wrong.links[0])
    assert listed(again) == {person.oid for person in visitor.people(tenant.id)}
    assert "code" in brought(visitor.pick(again, visitor.people(tenant.id)[0]))
    stranger = visitor.people(HOME_ID)[0].oid
    assert visitor.http.post(again.action, data={"person": stranger}).status_code == 400
    assert "AADSTS50034" in visitor.http.post(again.action, data={"person": "nobody"}).text
    refused = brought(visitor.open(f"/{HOME_ID}/oauth2/v2.0/authorize", asked(visitor, prompt="none")))
    assert refused["error"] == "interaction_required"


def test_cancel_comes_back_as_declined(visitor: Visitor) -> None:
    got = brought(visitor.press(visitor.page(ANYBODY, asked(visitor)), "cancel"))
    assert (got["error"], got["error_subcode"], got["state"]) == ("access_denied", "cancel", "a&b=c")
    assert got["error_description"].startswith("AADSTS65004: ")


def test_consent_of_the_person_is_asked_for_on_a_page_of_its_own(visitor: Visitor) -> None:
    person = visitor.people(HOME_ID)[0]
    wanted = asked(visitor, prompt="consent", scope="openid profile offline_access")
    answer = visitor.pick(visitor.page(ANYBODY, wanted), person)
    page = visitor.page(answer.headers["Location"])
    assert "Maintain access" in page.text and person.username in page.text
    assert "code" in brought(visitor.press(page, "accept"))
    assert brought(visitor.press(page, "cancel"))["error"] == "access_denied"


def test_an_accept_without_a_session_asks_who_it_is(visitor: Visitor) -> None:
    action = visitor.page(ANYBODY, asked(visitor, prompt="consent")).action
    assert listed(Page(visitor.http.post(action, data={"accept": "1"}))) == set(visitor.world.people)


def test_the_answer_may_come_as_a_form(visitor: Visitor) -> None:
    page = visitor.page(ANYBODY, asked(visitor, response_mode="form_post", state='"><b>'))
    done = Page(visitor.pick(page, visitor.people(HOME_ID)[0]))
    assert (done.action, set(done.fields)) == (CALLBACK, {"code", "state", "session_state"})
    assert done.fields["state"] == '"><b>'
    assert "<b>" not in done.text


def test_what_the_address_holds_is_escaped_and_the_policy_names_only_the_way_back(visitor: Visitor) -> None:
    hostile = '"><img src=x onerror=alert(1)>'
    answer = visitor.open(ANYBODY, asked(visitor, state=hostile, login_hint=hostile))
    assert "<img" not in answer.text
    assert "form-action 'self' http://localhost:8000;" in answer.headers["Content-Security-Policy"]
    assert "<img" not in visitor.page(ANYBODY, asked(visitor, redirect_uri=hostile), status=400).text


def test_logout_ends_the_session_and_goes_where_an_application_may_be(visitor: Visitor) -> None:
    signed_in(visitor)
    bye = "/common/oauth2/v2.0/logout"
    visitor.world.register_redirects(signin=[CALLBACK], monitor=[CALLBACK])
    assert brought(visitor.open(bye, {"post_logout_redirect_uri": CALLBACK, "state": "s"})) == {"state": "s"}
    assert brought(visitor.open(ANYBODY, asked(visitor, prompt="none")))["error"] == "login_required"
    assert "signed out" in visitor.page(bye, {"post_logout_redirect_uri": "https://evil.example/"}).text
