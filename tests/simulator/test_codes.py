"""What an authorisation code and a refresh token are good for, and what an ID token says."""

import base64
import hashlib
import json
import secrets
import time
from typing import Any
from urllib.parse import urlsplit

import httpx
import jwt
import msal
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization

from simulator.people import Person
from simulator.world import HOME_ID
from tests.simulator.conftest import CALLBACK, Page, Visitor, brought

TOKENS = "/organizations/oauth2/v2.0/token"
SCOPE = "openid profile email offline_access"
LOGIN = "https://login.microsoftonline.com"


@pytest.fixture
def ines(visitor: Visitor) -> Person:
    return visitor.people(HOME_ID)[0]


def code_of(visitor: Visitor, person: Person, **changes: str) -> str:
    asked = {"client_id": visitor.world.signin_client_id, "redirect_uri": CALLBACK, "response_type": "code",
             "scope": SCOPE, "nonce": "n1", "prompt": "select_account", **changes}  # fmt: skip
    page = visitor.page("/organizations/oauth2/v2.0/authorize", asked)
    return brought(visitor.pick(page, person))["code"]


def redeem(visitor: Visitor, code: str, place: str = TOKENS, **changes: str | None) -> httpx.Response:
    form = {"client_id": visitor.world.signin_client_id, "client_secret": visitor.world.signin_client_secret,
            "grant_type": "authorization_code", "code": code, "redirect_uri": CALLBACK, **changes}  # fmt: skip
    return visitor.http.post(place, data={name: value for name, value in form.items() if value is not None})


def refusal(answer: httpx.Response) -> tuple[str, int]:
    assert answer.status_code == (401 if answer.json()["error"] == "invalid_client" else 400)
    assert "id_token" not in answer.json()
    return answer.json()["error"], answer.json()["error_codes"][0]


def checked(visitor: Visitor, token: str) -> dict[str, Any]:
    """The claims, as a careful client reads them."""
    keys = {key["kid"]: key for key in visitor.http.get("/organizations/discovery/v2.0/keys").json()["keys"]}
    key = jwt.PyJWK(keys[jwt.get_unverified_header(token)["kid"]])
    claims: dict[str, Any] = jwt.decode(token, key, ["RS256"], audience=visitor.world.signin_client_id,
                                        options={"require": ["exp", "nbf", "iat", "tid", "sub"]})  # fmt: skip
    if claims["iss"] != f"{LOGIN}/{claims['tid']}/v2.0":
        raise jwt.InvalidIssuerError(claims["iss"])
    if claims["nonce"] != "n1":
        raise jwt.InvalidTokenError("nonce")
    return claims


def test_a_code_gives_tokens_that_say_who_it_is(visitor: Visitor, ines: Person) -> None:
    body = redeem(visitor, code_of(visitor, ines), client_info="1").json()
    claims = checked(visitor, body["id_token"])
    said = {name: claims[name] for name in ("oid", "tid", "name", "preferred_username", "email", "ver")}
    assert said == {"oid": ines.oid, "tid": HOME_ID, "name": "Ines Ahlgren", "ver": "2.0",
                    "preferred_username": ines.username, "email": ines.username}  # fmt: skip
    assert "roles" not in claims
    assert json.loads(base64.urlsafe_b64decode(body["client_info"] + "==")) == {"uid": ines.oid, "utid": HOME_ID}
    assert (body["token_type"], body["expires_in"], body["scope"]) == ("Bearer", 3599, SCOPE)
    graph = {"Host": "graph.microsoft.com", "Authorization": f"Bearer {body['access_token']}"}
    assert visitor.http.get("/v1.0/security/incidents", headers=graph).status_code == 401


def test_the_scopes_decide_what_is_in_it(visitor: Visitor, ines: Person) -> None:
    bare = redeem(visitor, code_of(visitor, ines, scope="openid")).json()
    claims = checked(visitor, bare["id_token"])
    assert not {"oid", "name", "preferred_username", "email"} & set(claims)
    assert "refresh_token" not in bare
    assert "id_token" not in redeem(visitor, code_of(visitor, ines, scope="profile")).json()


def test_who_has_no_mailbox_has_no_email_and_app_roles_are_named(visitor: Visitor) -> None:
    tenant = visitor.world.tenant("Stellan Manufacturing")
    person = visitor.people(tenant.id)[1]
    visitor.http.post(f"/_simulator/people/{person.oid}", json={"roles": ["Reader"]})
    claims = checked(visitor, redeem(visitor, code_of(visitor, person)).json()["id_token"])
    assert "email" not in claims
    assert (claims["tid"], claims["roles"]) == (tenant.id, ["Reader"])


def test_the_subject_is_another_for_each_application(visitor: Visitor, ines: Person) -> None:
    one = checked(visitor, redeem(visitor, code_of(visitor, ines)).json()["id_token"])["sub"]
    assert checked(visitor, redeem(visitor, code_of(visitor, ines)).json()["id_token"])["sub"] == one
    world = visitor.world
    code = code_of(visitor, ines, client_id=world.client_id)
    other = redeem(visitor, code, client_id=world.client_id, client_secret=world.client_secret).json()["id_token"]
    claims = jwt.decode(other, options={"verify_signature": False})
    assert claims["aud"] == world.client_id
    assert one not in (claims["sub"], ines.oid)


def test_a_code_is_good_once(visitor: Visitor, ines: Person) -> None:
    code = code_of(visitor, ines)
    assert redeem(visitor, code).status_code == 200
    assert refusal(redeem(visitor, code)) == ("invalid_grant", 54005)


def test_a_code_is_good_for_ten_minutes(visitor: Visitor, ines: Person) -> None:
    early, late = code_of(visitor, ines), code_of(visitor, ines)
    visitor.world.advance(599)
    assert redeem(visitor, early).status_code == 200
    visitor.world.advance(1)
    assert refusal(redeem(visitor, late)) == ("invalid_grant", 70008)


@pytest.mark.parametrize(
    ("changes", "error", "code"),
    [
        ({"redirect_uri": "http://localhost:8000/other"}, "invalid_grant", 500112),
        ({"redirect_uri": None}, "invalid_grant", 500112),
        ({"code": "1.nonsense"}, "invalid_grant", 70000),
        ({"code": None}, "invalid_grant", 70000),
        ({"code_verifier": "v" * 43}, "invalid_grant", 501481),
        ({"client_secret": "wrong"}, "invalid_client", 7000215),
        ({"client_secret": None}, "invalid_client", 7000218),
        ({"client_id": HOME_ID}, "unauthorized_client", 700016),
        ({"grant_type": "password"}, "invalid_request", 9001023),
    ],
)
def test_a_wrong_redemption_is_refused_and_leaves_the_code_as_it_was(
    visitor: Visitor, ines: Person, changes: dict[str, str | None], error: str, code: int
) -> None:
    given = code_of(visitor, ines)
    assert refusal(redeem(visitor, **{"code": given, **changes})) == (error, code)
    assert redeem(visitor, given).status_code == 200


def test_a_code_belongs_to_its_application(visitor: Visitor, ines: Person) -> None:
    world, code = visitor.world, code_of(visitor, ines)
    other = {"client_id": world.client_id, "client_secret": world.client_secret}
    assert refusal(redeem(visitor, code, **other)) == ("invalid_grant", 70000)
    mixed = {"client_id": world.signin_client_id, "client_secret": world.client_secret}
    assert refusal(redeem(visitor, code, **mixed)) == ("invalid_client", 7000215)


def test_a_code_belongs_to_the_directory_of_its_person(visitor: Visitor, ines: Person) -> None:
    code, tenant = code_of(visitor, ines), visitor.world.tenant("Stellan Manufacturing")
    assert refusal(redeem(visitor, code, f"/{tenant.id}/oauth2/v2.0/token")) == ("invalid_grant", 700005)
    assert redeem(visitor, code, f"/{HOME_ID}/oauth2/v2.0/token").status_code == 200


def test_a_challenge_needs_its_verifier(visitor: Visitor, ines: Person) -> None:
    verifier = secrets.token_urlsafe(32)
    challenge = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()
    code = code_of(visitor, ines, code_challenge=challenge, code_challenge_method="S256")
    for wrong in (None, "", challenge, verifier + "x"):
        assert refusal(redeem(visitor, code, code_verifier=wrong)) == ("invalid_grant", 501481)
    assert redeem(visitor, code, code_verifier=verifier).status_code == 200


def test_a_refresh_token_gives_tokens_again(visitor: Visitor, ines: Person) -> None:
    first = redeem(visitor, code_of(visitor, ines)).json()

    def again(token: str, **changes: str) -> httpx.Response:
        return redeem(visitor, "", grant_type="refresh_token", refresh_token=token, **changes)

    second = again(first["refresh_token"]).json()
    assert "nonce" not in jwt.decode(second["id_token"], options={"verify_signature": False})
    assert again(second["refresh_token"], scope="openid profile").json()["scope"] == "openid profile"
    assert refusal(again(first["refresh_token"], scope="openid User.Read")) == ("invalid_grant", 65001)
    assert refusal(again("1.nonsense")) == ("invalid_grant", 70000)
    other = {"client_id": visitor.world.client_id, "client_secret": visitor.world.client_secret}
    assert refusal(again(first["refresh_token"], **other)) == ("invalid_grant", 70000)
    visitor.world.advance(91 * 86_400)
    assert refusal(again(first["refresh_token"])) == ("invalid_grant", 70008)


def test_the_signin_registration_gets_no_token_of_its_own(visitor: Visitor) -> None:
    tenant, world = visitor.world.tenant("Stellan Manufacturing"), visitor.world
    form = {"client_id": world.signin_client_id, "client_secret": world.signin_client_secret,
            "grant_type": "client_credentials", "scope": "https://graph.microsoft.com/.default"}  # fmt: skip
    for place in (tenant.id, HOME_ID):
        answer = visitor.http.post(f"/{place}/oauth2/v2.0/token", data=form)
        assert refusal(answer) == ("invalid_client", 7000229)


@pytest.mark.parametrize("place", ["organizations", "common"])
def test_discovery_for_everybody_has_a_gap_in_its_issuer(visitor: Visitor, place: str) -> None:
    found = visitor.http.get(f"/{place}/v2.0/.well-known/openid-configuration").json()
    assert found["issuer"] == "https://login.microsoftonline.com/{tenantid}/v2.0"
    assert found["token_endpoint"] == f"{LOGIN}/{place}/oauth2/v2.0/token"
    home = visitor.http.get(f"/{HOME_ID}/v2.0/.well-known/openid-configuration").json()
    assert home["issuer"] == f"{LOGIN}/{HOME_ID}/v2.0"


def test_an_older_key_stays_good_after_a_rotation(visitor: Visitor, ines: Person) -> None:
    old = redeem(visitor, code_of(visitor, ines)).json()["id_token"]
    visitor.http.post("/_simulator/rotate_key")
    new = redeem(visitor, code_of(visitor, ines)).json()["id_token"]
    kids = {jwt.get_unverified_header(token)["kid"] for token in (old, new)}
    keys = visitor.http.get("/common/discovery/v2.0/keys").json()["keys"]
    assert kids == {key["kid"] for key in keys}
    assert len(kids) == 2
    assert checked(visitor, old)["oid"] == checked(visitor, new)["oid"]


FAULTS: list[tuple[str, str | None, type[Exception]]] = [
    ("id_issuer", None, jwt.InvalidIssuerError),
    ("id_issuer", "https://evil.example/v2.0", jwt.InvalidIssuerError),
    ("id_audience", None, jwt.InvalidAudienceError),
    ("id_nonce", None, jwt.InvalidTokenError),
    ("id_expired", None, jwt.ExpiredSignatureError),
    ("id_future", None, jwt.ImmatureSignatureError),
    ("id_signature", None, jwt.InvalidSignatureError),
    ("id_tid", None, jwt.InvalidIssuerError),
    ("id_none", None, KeyError),
    ("id_missing", "exp", jwt.MissingRequiredClaimError),
    ("id_missing", "tid", jwt.MissingRequiredClaimError),
    ("id_missing", "nonce", KeyError),
]


@pytest.mark.parametrize(("kind", "value", "error"), FAULTS)
def test_a_spoilt_id_token_is_one_that_a_careful_client_refuses(
    visitor: Visitor, ines: Person, kind: str, value: str | None, error: type[Exception]
) -> None:
    order = {"kind": kind, "value": value, "tenant": HOME_ID}
    assert visitor.http.post("/_simulator/faults", json=order).status_code == 200
    tenant = visitor.world.tenant("Stellan Manufacturing")
    form = {"client_id": visitor.world.client_id, "client_secret": visitor.world.client_secret,
            "grant_type": "client_credentials", "scope": "https://graph.microsoft.com/.default"}  # fmt: skip
    for place in (tenant.id, HOME_ID):
        assert visitor.http.post(f"/{place}/oauth2/v2.0/token", data=form).status_code == 200
    spoilt = redeem(visitor, code_of(visitor, ines)).json()["id_token"]
    with pytest.raises(error):
        checked(visitor, spoilt)
    assert checked(visitor, redeem(visitor, code_of(visitor, ines)).json()["id_token"])["oid"] == ines.oid


@pytest.mark.parametrize("kind", ["no_principal", "wrong_secret", "throttle", "status"])
def test_the_token_address_fails_on_order_for_people_too(visitor: Visitor, ines: Person, kind: str) -> None:
    visitor.world.faults.add(kind, host="entra", value=503 if kind == "status" else None)
    code = code_of(visitor, ines)
    assert redeem(visitor, code).status_code in (401, 429, 503)
    assert redeem(visitor, code).status_code == 200


class Wire:
    """MSAL's way to the simulated Entra over the socket."""

    def __init__(self, visitor: Visitor) -> None:
        self.visitor = visitor

    def get(self, url: str, **options: Any) -> httpx.Response:
        return self.visitor.http.get(urlsplit(url).path)

    def post(self, url: str, *, data: dict[str, str], **options: Any) -> httpx.Response:
        return self.visitor.http.post(urlsplit(url).path, data=data)

    def close(self) -> None:
        """The visitor's client lives on."""


def test_a_certificate_serves_in_place_of_the_secret_for_its_own_registration(
    visitor: Visitor, ines: Person, key: Any, certificate: x509.Certificate
) -> None:
    public = certificate.public_bytes(serialization.Encoding.PEM)
    form = {"client_secret": None, "client_assertion_type": "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"}
    thumbprint = base64.urlsafe_b64encode(certificate.fingerprint(hashes.SHA256())).decode()

    def asserted(code: str, place: str = "organizations") -> httpx.Response:
        client, now = visitor.world.signin_client_id, int(time.time())
        claims = {"aud": f"{LOGIN}/{place}/oauth2/v2.0/token", "iss": client, "sub": client, "exp": now + 60,
                  "jti": secrets.token_urlsafe(9)}  # fmt: skip
        signed = jwt.encode(claims, key, algorithm="PS256", headers={"x5t#S256": thumbprint})
        return redeem(visitor, code, client_assertion=signed, **form)

    visitor.http.post("/_simulator/certificate", content=public)
    code = code_of(visitor, ines)
    assert refusal(asserted(code)) == ("invalid_client", 700027)
    visitor.http.post("/_simulator/certificate?for=signin", content=public)
    assert refusal(asserted(code, place=HOME_ID)) == ("invalid_client", 700027)
    assert asserted(code).status_code == 200


@pytest.mark.parametrize("place", ["organizations", HOME_ID])
def test_msal_walks_the_whole_flow(visitor: Visitor, ines: Person, place: str) -> None:
    app = msal.ConfidentialClientApplication(
        visitor.world.signin_client_id, visitor.world.signin_client_secret, f"{LOGIN}/{place}",
        http_client=Wire(visitor), instance_discovery=False,
    )  # fmt: skip
    flow = app.initiate_auth_code_flow(["email"], redirect_uri=CALLBACK, response_mode="form_post")
    parts = urlsplit(flow["auth_uri"])
    done = Page(visitor.pick(visitor.page(f"{parts.path}?{parts.query}"), ines))
    result = app.acquire_token_by_auth_code_flow(flow, done.fields)
    assert result["id_token_claims"]["oid"] == ines.oid
    (account,) = app.get_accounts()
    again = app.acquire_token_silent(["email"], account, force_refresh=True)
    assert again["token_source"] == "identity_provider"
