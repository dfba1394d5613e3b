"""A person is who a genuine ID token of this very flow says, and nobody else."""

import base64
import hashlib
import hmac
import json
import time
from urllib.parse import urlsplit

import httpx
import jwt
import pytest
from cryptography.hazmat.primitives import serialization

from defender import id_tokens, sign_in_errors
from defender.id_tokens import KEYS, KEYS_LIVE_SECONDS, KEYS_REST_SECONDS, Keys
from defender.sign_in import Person, Refused, SignIn
from defender.tokens import Credential
from tests.defender.entra import CALLBACK, CLIENT, KEY, LOGIN, OID, OTHER, STRANGE_KEY, TID, Entra, jwk, query


@pytest.fixture
def entra() -> Entra:
    return Entra()


def finish(entra: Entra) -> Person:
    sign_in = entra.sign_in()
    return sign_in.finish(*entra.walk(sign_in))


def test_a_person_is_who_the_token_names(entra):
    entra.claims = {"tid": TID.upper(), "iss": f"{LOGIN}/{TID.upper()}/v2.0", "roles": ["Reader", 7]}
    person = finish(entra)
    assert person == Person(TID, OID, "Astrid Analyst", "astrid@northwatch.example", frozenset({"Reader"}))


def test_a_token_without_names_is_enough(entra):
    entra.claims = {"name": None, "preferred_username": None}
    assert finish(entra) == Person(TID, OID, "", "")


def test_names_are_words_and_nothing_else(entra):
    entra.claims = {"name": "Astrid\u202e\0\ud800\n A" + "x" * 999, "preferred_username": ["no", "text"]}
    person = finish(entra)
    assert person.name == "Astrid A" + "x" * 142
    assert person.username.isprintable()


def test_the_browser_is_sent_with_challenge_nonce_and_state(entra):
    flow = entra.sign_in().begin(CALLBACK, prompt="select_account", login_hint="astrid@northwatch.example")
    parts, asked = urlsplit(flow["auth_uri"]), query(flow["auth_uri"])
    assert f"{parts.scheme}://{parts.netloc}{parts.path}" == f"{LOGIN}/organizations/oauth2/v2.0/authorize"
    challenge = base64.urlsafe_b64encode(hashlib.sha256(flow["code_verifier"].encode()).digest()).decode().rstrip("=")
    assert (asked["code_challenge"], asked["code_challenge_method"]) == (challenge, "S256")
    assert asked["redirect_uri"] == CALLBACK
    assert asked["response_type"] == "code"
    assert set(asked["scope"].split()) == {"openid", "profile"}
    assert (asked["prompt"], asked["login_hint"]) == ("select_account", "astrid@northwatch.example")
    assert min(len(asked["state"]), len(asked["nonce"])) >= 22
    assert json.loads(json.dumps(flow)) == flow


def test_two_flows_share_nothing(entra):
    sign_in = entra.sign_in()
    one, two = sign_in.begin(CALLBACK), sign_in.begin(CALLBACK)
    assert not {one[name] for name in ("state", "nonce", "code_verifier")} & set(map(str, two.values()))


def test_the_code_is_redeemed_with_verifier_and_secret_at_microsoft_only(entra):
    sign_in = entra.sign_in()
    flow, answer = entra.walk(sign_in)
    sign_in.finish(flow, answer)
    (form,) = entra.posted()
    assert (form["code"], form["code_verifier"]) == ("c0de", flow["code_verifier"])
    assert (form["redirect_uri"], form["client_secret"]) == (CALLBACK, "s3cret")
    assert {request.url.host for request in entra.requests} == {"login.microsoftonline.com"}


def test_with_a_simulated_cloud_only_the_browser_goes_there(entra):
    flow = entra.sign_in(cloud_url="http://localhost:8001").begin(CALLBACK)
    assert flow["auth_uri"].startswith("http://localhost:8001/organizations/oauth2/v2.0/authorize?")
    assert {request.url.host for request in entra.requests} == {"login.microsoftonline.com"}


def test_no_token_of_a_person_is_kept(entra):
    sign_in = entra.sign_in()
    sign_in.finish(*entra.walk(sign_in))
    assert list(sign_in.app().token_cache.search("AccessToken")) == []
    assert sign_in.app().get_accounts() == []


NOW = int(time.time())
# Far enough ahead for a test that runs long after this was read.
TOMORROW = NOW + 86_400
FORGED = {
    "of another audience": {"aud": OTHER},
    "of several audiences": {"aud": [CLIENT, OTHER]},
    "of another issuer": {"iss": f"{LOGIN}/{OTHER}/v2.0"},
    "of another host": {"iss": f"https://login.microsoftonline.example/{TID}/v2.0"},
    "of version 1": {"iss": f"https://sts.windows.net/{TID}/", "ver": "1.0"},
    "that says it is of version 1": {"ver": "1.0"},
    "of an issuer without a directory": {"iss": f"{LOGIN}/{{tenantid}}/v2.0"},
    "of another directory than its issuer": {"tid": OTHER},
    "of no directory": {"tid": "organizations", "iss": f"{LOGIN}/organizations/v2.0"},
    "of a list of directories": {"tid": [TID]},
    "with another nonce": {"nonce": "another"},
    "expired": {"exp": NOW - 120},
    "not valid yet": {"nbf": TOMORROW},
    "issued in the future": {"iat": TOMORROW},
    "with times that are no numbers": {"exp": "tomorrow"},
    "of a person without a GUID": {"oid": "astrid"},
    **{f"without {name}": {name: None} for name in ("iss", "aud", "exp", "nbf", "iat", "nonce", "tid", "oid", "ver")},
}


@pytest.mark.parametrize("claims", FORGED.values(), ids=FORGED)
def test_a_genuine_signature_does_not_save_a_token(entra, claims):
    entra.claims = claims
    with pytest.raises(sign_in_errors.TokenRefused):
        finish(entra)


def test_our_check_does_not_rely_on_msals(entra):
    """MSAL has looked at the nonce before; it looked at issuer, audience and expiry too until one day it did not."""
    entra.nonce = "sent"
    token = entra.sign(entra.id_claims())
    keys = Keys(entra.http)
    assert id_tokens.claims_of(token, keys, CLIENT, "sent")["oid"] == OID
    with pytest.raises(sign_in_errors.TokenRefused):
        id_tokens.claims_of(token, keys, CLIENT, "another")


def public_pem() -> bytes:
    public = KEY.public_key()
    return public.public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)


def hmac_signed(claims):
    """HS256 with the public key as its secret, as a verifier that trusts the header would check it."""
    part = [{"alg": "HS256", "kid": "now", "typ": "JWT"}, claims]
    text = b".".join(base64.urlsafe_b64encode(json.dumps(each).encode()).rstrip(b"=") for each in part)
    digest = hmac.digest(public_pem(), text, "sha256")
    return (text + b"." + base64.urlsafe_b64encode(digest).rstrip(b"=")).decode()


def tampered(claims):
    head, _, signature = jwt.encode(claims, KEY, algorithm="RS256", headers={"kid": "now"}).split(".")
    payload = base64.urlsafe_b64encode(json.dumps(claims | {"oid": OTHER}).encode()).decode().rstrip("=")
    return f"{head}.{payload}.{signature}"


SIGNATURES = {
    "none": lambda claims: jwt.encode(claims, None, algorithm="none", headers={"kid": "now"}),
    "hs256": hmac_signed,
    "a strange key under a known name": lambda claims: jwt.encode(claims, STRANGE_KEY, "RS256", {"kid": "now"}),
    "a strange key": lambda claims: jwt.encode(claims, STRANGE_KEY, "RS256", {"kid": "strange"}),
    "a key without a name": lambda claims: jwt.encode(claims, KEY, "RS256"),
    "another algorithm": lambda claims: jwt.encode(claims, KEY, "RS512", {"kid": "now"}),
    "tampered": tampered,
    "no signature": lambda claims: jwt.encode(claims, KEY, "RS256", {"kid": "now"}).rpartition(".")[0] + ".",
    "no token": lambda claims: "nonsense",
    "no json": lambda claims: "bm90.bm90.bm90",
    "empty": lambda claims: "",
    "a list": lambda claims: ["e30.e30.e30"],
    "deep": lambda claims: f"e30.{base64.urlsafe_b64encode(b'[' * 99_999).decode()}.e30",
}  # fmt: skip


@pytest.mark.parametrize("sign", SIGNATURES.values(), ids=SIGNATURES)
def test_good_claims_do_not_save_a_signature(entra, sign):
    entra.sign = sign
    with pytest.raises(sign_in_errors.TokenRefused):
        finish(entra)


def test_times_are_held_against_a_clock_that_may_be_a_little_off(entra):
    now = int(time.time())
    entra.claims = {"exp": now - 30, "nbf": now + 30, "iat": now + 30}
    assert finish(entra).oid == OID


def test_a_key_signs_only_for_its_own_issuer(entra):
    entra.keys = [jwk(KEY, "now", issuer=f"{LOGIN}/{OTHER}/v2.0")]
    with pytest.raises(sign_in_errors.TokenRefused):
        finish(entra)
    entra.keys = [jwk(KEY, "now", issuer=f"{LOGIN}/{TID}/v2.0")]
    assert finish(entra).oid == OID


def test_a_key_made_for_encryption_signs_nothing(entra):
    entra.keys = [jwk(KEY, "now", use="enc"), jwk(STRANGE_KEY, "other")]
    with pytest.raises(sign_in_errors.TokenRefused):
        finish(entra)


def test_a_new_key_is_fetched_and_an_unknown_one_asked_for_once_a_minute(entra):
    now = [0.0]
    keys = Keys(entra.http, clock=lambda: now[0])
    assert keys.key("now") and keys.key("now")
    assert entra.asked_for_keys() == 1
    entra.keys.append(jwk(STRANGE_KEY, "next"))
    assert keys.key("next")
    assert not any(keys.key(f"unknown {number}") for number in range(5))
    assert entra.asked_for_keys() == 2
    now[0] += KEYS_REST_SECONDS + 1
    assert not any(keys.key(f"unknown {number}") for number in range(5))
    assert entra.asked_for_keys() == 3
    assert str(entra.requests[-1].url) == KEYS


def test_keys_are_forgotten_after_a_day(entra):
    now = [0.0]
    keys = Keys(entra.http, clock=lambda: now[0])
    assert keys.key("now")
    entra.keys = [jwk(STRANGE_KEY, "next")]
    now[0] += KEYS_LIVE_SECONDS + 1
    assert not keys.key("now")


@pytest.mark.parametrize("state", ["", "another", "\ud800", "x" * 9999])
def test_an_answer_to_another_flow_is_refused_before_anybody_is_asked(entra, state):
    sign_in = entra.sign_in()
    flow, answer = entra.walk(sign_in)
    with pytest.raises(sign_in_errors.Stale):
        sign_in.finish(flow, answer | {"state": state})
    with pytest.raises(sign_in_errors.Stale):
        sign_in.finish({}, answer)
    assert entra.posted() == []


def test_an_error_is_looked_at_before_a_code(entra):
    sign_in = entra.sign_in()
    flow, answer = entra.walk(sign_in)
    declined = {"error": "access_denied", "error_description": "AADSTS65004: User declined.\r\nTrace ID: <b>"}
    with pytest.raises(sign_in_errors.Declined) as refused:
        sign_in.finish(flow, answer | declined)
    assert refused.value.code == "AADSTS65004"
    assert "<b>" not in refused.value.sentence + refused.value.advice
    assert entra.posted() == []


MEANINGS = [
    ({"error": "access_denied"}, "declined", ""),
    ({"error": "invalid_grant", "error_codes": [54005]}, "stale", "AADSTS54005"),
    ({"error": "invalid_grant", "error_codes": [70008]}, "stale", "AADSTS70008"),
    ({"error": "interaction_required", "error_codes": [50105]}, "not_allowed", "AADSTS50105"),
    ({"error": "access_denied", "error_description": "AADSTS90094: Admin"}, "not_allowed", "AADSTS90094"),
    ({"error": "access_denied", "error_description": "AADSTS53003: Policy"}, "not_allowed", "AADSTS53003"),
    ({"error": "invalid_client", "error_codes": [7000222]}, "misconfigured", "AADSTS7000222"),
    ({"error": "invalid_client"}, "misconfigured", ""),
    ({"error": "temporarily_unavailable"}, "unavailable", ""),
    ({"error": "never seen", "error_codes": [1234567]}, "unavailable", "AADSTS1234567"),
    ({"error": "never seen", "error_codes": ["x"], "error_description": 7}, "unavailable", ""),
]


@pytest.mark.parametrize(("answer", "kind", "code"), MEANINGS)
def test_a_refusal_says_who_must_do_what(entra, answer, kind, code):
    entra.refusal = (400, answer)
    with pytest.raises(Refused) as refused:
        finish(entra)
    assert refused.value.kind == kind
    assert refused.value.code == code
    assert refused.value.sentence.endswith(".") and refused.value.advice.endswith(".")


@pytest.mark.parametrize("status", [429, 500, 503])
def test_a_busy_microsoft_is_not_the_persons_fault(entra, status):
    entra.refusal = (status, {"error": "busy"})
    with pytest.raises(sign_in_errors.Unavailable):
        finish(entra)


def test_an_unreachable_microsoft_is_not_remembered(entra):
    answers = [httpx.ConnectError("no way"), None]

    def sometimes(request: httpx.Request) -> httpx.Response:
        if answers and (error := answers.pop(0)):
            raise error
        return entra(request)

    sign_in = SignIn(Credential(CLIENT, secret="s3cret"), httpx.Client(transport=httpx.MockTransport(sometimes)))
    with pytest.raises(sign_in_errors.Unavailable):
        sign_in.begin(CALLBACK)
    assert sign_in.begin(CALLBACK)["auth_uri"]


@pytest.mark.parametrize("place", ["authorization_endpoint", "token_endpoint"])
def test_a_description_that_leads_elsewhere_is_not_followed(entra, place):
    entra.description[place] = "https://login.microsoftonline.com.evil.example/token"
    with pytest.raises(sign_in_errors.Unavailable):
        entra.sign_in().begin(CALLBACK)
    assert entra.posted() == []


@pytest.mark.parametrize("keys", [[], "none", [{"kty": "RSA", "kid": "now"}], [7]])
def test_keys_that_cannot_be_read_sign_nobody_in(entra, keys):
    entra.keys = keys
    with pytest.raises(sign_in_errors.Unavailable):
        finish(entra)


def test_an_answer_without_an_id_token_signs_nobody_in(entra):
    entra.answer = {"id_token": None}
    with pytest.raises(sign_in_errors.TokenRefused):
        finish(entra)


def test_a_certificate_that_cannot_be_read_is_our_fault(entra):
    sign_in = SignIn(Credential(CLIENT, certificate="nonsense"), entra.http)
    with pytest.raises(sign_in_errors.Misconfigured):
        sign_in.begin(CALLBACK)
