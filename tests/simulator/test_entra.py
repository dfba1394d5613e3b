"""Discovery, keys, and who gets a token."""

import base64
import time
import uuid
from typing import Any
from urllib.parse import urlsplit

import jwt
import msal
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from werkzeug.test import TestResponse

from simulator.tenant import Tenant
from tests.simulator.conftest import Cloud

JWT_BEARER = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"


class Answer:
    """What MSAL wants to see of an answer."""

    def __init__(self, answer: TestResponse) -> None:
        self.status_code, self.text, self.headers = answer.status_code, answer.get_data(as_text=True), answer.headers


class Wire:
    """MSAL's way to the simulated Entra."""

    def __init__(self, cloud: Cloud) -> None:
        self.cloud = cloud

    def get(self, url: str, **options: Any) -> Answer:
        return Answer(self.cloud.entra(urlsplit(url).path))

    def post(self, url: str, *, data: dict[str, str], **options: Any) -> Answer:
        return Answer(self.cloud.entra(urlsplit(url).path, method="POST", data=data))

    def close(self) -> None:
        """Nothing is open."""


def encoded(digest: bytes) -> str:
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()


def assertion(
    cloud: Cloud, tenant: Tenant, key: Any, headers: dict[str, Any], algorithm: str = "PS256", **changes: Any
) -> str:
    now = int(time.time())
    claims = {"aud": f"https://login.microsoftonline.com/{tenant.id}/oauth2/v2.0/token", "iss": cloud.world.client_id,
              "sub": cloud.world.client_id, "jti": str(uuid.uuid4()), "nbf": now, "exp": now + 600, **changes}  # fmt: skip
    return jwt.encode(claims, key, algorithm=algorithm, headers=headers)


def test_discovery_names_microsofts_own_addresses(cloud: Cloud, stellan: Tenant) -> None:
    found = cloud.entra(f"/{stellan.id}/v2.0/.well-known/openid-configuration").get_json()
    base = f"https://login.microsoftonline.com/{stellan.id}"
    assert (found["issuer"], found["token_endpoint"]) == (f"{base}/v2.0", f"{base}/oauth2/v2.0/token")
    by_domain = cloud.entra(f"/{stellan.domain}/v2.0/.well-known/openid-configuration").get_json()
    assert by_domain == found


def test_an_unknown_tenant_has_no_discovery(cloud: Cloud) -> None:
    answer = cloud.entra(f"/{uuid.UUID(int=1)}/v2.0/.well-known/openid-configuration")
    assert (answer.status_code, answer.get_json()["error_codes"]) == (400, [90002])


def test_a_token_is_signed_by_the_published_key_and_says_what_was_granted(cloud: Cloud, stellan: Tenant) -> None:
    stellan.grant({"SecurityAlert.Read.All"})
    body = cloud.token(stellan).get_json()
    keys = cloud.entra(f"/{stellan.id}/discovery/v2.0/keys").get_json()["keys"]
    claims = jwt.decode(body["access_token"], jwt.PyJWK(keys[0]).key, ["RS256"], audience="https://graph.microsoft.com")
    assert (claims["tid"], claims["appid"], claims["appidacr"]) == (stellan.id, cloud.world.client_id, "1")
    assert claims["iss"] == f"https://sts.windows.net/{stellan.id}/"
    assert claims["roles"] == ["SecurityAlert.Read.All"]
    assert claims["exp"] - claims["iat"] == body["expires_in"]
    assert 3599 <= body["expires_in"] <= 5399
    assert "refresh_token" not in body


def test_a_tenant_that_granted_nothing_gives_a_token_without_roles(cloud: Cloud, stellan: Tenant) -> None:
    stellan.grant(set())
    claims = jwt.decode(cloud.token(stellan).get_json()["access_token"], options={"verify_signature": False})
    assert "roles" not in claims


@pytest.mark.parametrize(
    ("changes", "status", "error", "code"),
    [
        ({"client_secret": "wrong"}, 401, "invalid_client", 7000215),
        ({"client_secret": None}, 401, "invalid_client", 7000218),
        ({"client_id": None}, 400, "invalid_request", 900144),
        ({"client_id": str(uuid.UUID(int=1))}, 400, "unauthorized_client", 700016),
        ({"grant_type": "password"}, 400, "unsupported_grant_type", 70003),
        ({"scope": "https://graph.microsoft.com/User.Read"}, 400, "invalid_scope", 70011),
        (
            {"scope": "https://graph.microsoft.com/.default https://other.example/.default"},
            400,
            "invalid_scope",
            700022,
        ),
        ({"scope": "https://other.example/.default"}, 400, "invalid_resource", 500011),
    ],
)
def test_each_wrong_request_has_its_code(
    cloud: Cloud, stellan: Tenant, changes: dict[str, str | None], status: int, error: str, code: int
) -> None:
    answer = cloud.token(stellan, **changes)
    body = answer.get_json()
    assert (answer.status_code, body["error"], body["error_codes"]) == (status, error, [code])
    assert body["error_description"].startswith(f"AADSTS{code}: ")
    assert body["trace_id"] in body["error_description"]


@pytest.mark.parametrize(
    ("kind", "status", "code"),
    [("gone", 400, 700016), ("no_principal", 401, 7000229), ("disabled", 400, 7000112), ("wrong_secret", 401, 7000215),
     ("expired_secret", 401, 7000222), ("throttle", 429, 90055)],
)  # fmt: skip
def test_each_ordered_refusal_has_its_code_once(
    cloud: Cloud, stellan: Tenant, kind: str, status: int, code: int
) -> None:
    cloud.world.faults.add(kind, host="entra", tenant=stellan.id)
    answer = cloud.token(stellan)
    assert (answer.status_code, answer.get_json()["error_codes"]) == (status, [code])
    assert cloud.token(stellan).status_code == 200


def test_a_revoked_consent_and_an_unknown_tenant_are_refused(cloud: Cloud, stellan: Tenant) -> None:
    stellan.revoke()
    assert cloud.token(stellan).get_json()["error_codes"] == [7000229]
    assert cloud.token(str(uuid.UUID(int=1))).get_json()["error_codes"] == [90002]
    assert cloud.token("common").get_json()["error_codes"] == [9001023]


def test_the_secret_may_stand_in_the_basic_header(cloud: Cloud, stellan: Tenant) -> None:
    pair = base64.b64encode(f"{cloud.world.client_id}:{cloud.world.client_secret}".encode()).decode()
    form = {"grant_type": "client_credentials", "scope": "https://graph.microsoft.com/.default"}
    answer = cloud.entra(
        f"/{stellan.id}/oauth2/v2.0/token", method="POST", data=form, headers={"Authorization": f"Basic {pair}"}
    )
    assert answer.status_code == 200


def test_an_assertion_of_the_registered_certificate_is_accepted_under_each_name(
    cloud: Cloud, stellan: Tenant, key: Any, certificate: x509.Certificate
) -> None:
    cloud.world.register_certificate(certificate.public_bytes(serialization.Encoding.PEM))
    der = certificate.public_bytes(serialization.Encoding.DER)
    named: list[tuple[dict[str, Any], str]] = [
        ({"x5t#S256": encoded(certificate.fingerprint(hashes.SHA256()))}, "PS256"),
        ({"x5t": encoded(certificate.fingerprint(hashes.SHA1()))}, "RS256"),
        ({"x5c": [base64.b64encode(der).decode()]}, "PS256"),
    ]
    for headers, algorithm in named:
        signed = assertion(cloud, stellan, key, headers, algorithm)
        answer = cloud.token(stellan, client_secret=None, client_assertion_type=JWT_BEARER, client_assertion=signed)
        claims = jwt.decode(answer.get_json()["access_token"], options={"verify_signature": False})
        assert claims["appidacr"] == "2"


def test_msal_signs_in_with_the_registered_certificate(
    cloud: Cloud, stellan: Tenant, key: Any, certificate: x509.Certificate
) -> None:
    """MSAL's assertions have no `nbf` and pad the thumbprint; the real Entra takes them."""
    public = certificate.public_bytes(serialization.Encoding.PEM).decode()
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    ).decode()
    cloud.world.register_certificate(public)
    app = msal.ConfidentialClientApplication(
        cloud.world.client_id, {"private_key": private, "public_certificate": public},
        f"https://login.microsoftonline.com/{stellan.id}", http_client=Wire(cloud),
    )  # fmt: skip
    for _ in range(2):  # with one and the same assertion, which MSAL keeps for ten minutes
        result = app.acquire_token_for_client(["https://graph.microsoft.com/.default"])
        assert jwt.decode(result["access_token"], options={"verify_signature": False})["tid"] == stellan.id
        app.remove_tokens_for_client()
    assert len(cloud.world.monitor.assertions) == 1


@pytest.mark.parametrize(
    "changes",
    [
        {"aud": "https://login.microsoftonline.com/common/oauth2/v2.0/token"},
        {"iss": "x"},
        {"sub": "x"},
        {"jti": ""},
    ],
)
def test_an_assertion_with_one_wrong_claim_is_refused(
    cloud: Cloud, stellan: Tenant, key: Any, certificate: x509.Certificate, changes: dict[str, Any]
) -> None:
    cloud.world.register_certificate(certificate.public_bytes(serialization.Encoding.PEM))
    signed = assertion(cloud, stellan, key, {"x5t#S256": encoded(certificate.fingerprint(hashes.SHA256()))}, **changes)
    answer = cloud.token(stellan, client_secret=None, client_assertion_type=JWT_BEARER, client_assertion=signed)
    assert (answer.status_code, answer.get_json()["error_codes"]) == (401, [700027])


@pytest.mark.parametrize("changes", [{"exp": 1}, {"exp": 2}, {"nbf": 4_102_444_800}])
def test_an_assertion_of_another_time_has_its_own_code(
    cloud: Cloud, stellan: Tenant, key: Any, certificate: x509.Certificate, changes: dict[str, Any]
) -> None:
    cloud.world.register_certificate(certificate.public_bytes(serialization.Encoding.PEM))
    signed = assertion(cloud, stellan, key, {"x5t#S256": encoded(certificate.fingerprint(hashes.SHA256()))}, **changes)
    answer = cloud.token(stellan, client_secret=None, client_assertion_type=JWT_BEARER, client_assertion=signed)
    assert (answer.status_code, answer.get_json()["error_codes"]) == (401, [700024])


def test_no_two_assertions_have_the_same_id(
    cloud: Cloud, stellan: Tenant, key: Any, certificate: x509.Certificate
) -> None:
    cloud.world.register_certificate(certificate.public_bytes(serialization.Encoding.PEM))
    headers = {"x5t#S256": encoded(certificate.fingerprint(hashes.SHA256()))}
    one, other = (assertion(cloud, stellan, key, headers, jti="fixed", iat=at) for at in (1, 2))
    for signed, status in ((one, 200), (other, 401), (one, 200)):
        answer = cloud.token(stellan, client_secret=None, client_assertion_type=JWT_BEARER, client_assertion=signed)
        assert answer.status_code == status
    assert cloud.world.monitor.assertions == {"fixed": one}


def test_an_assertion_of_another_key_is_refused(cloud: Cloud, stellan: Tenant, certificate: x509.Certificate) -> None:
    cloud.world.register_certificate(certificate.public_bytes(serialization.Encoding.PEM))
    stranger = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    signed = assertion(cloud, stellan, stranger, {"x5t#S256": encoded(certificate.fingerprint(hashes.SHA256()))})
    answer = cloud.token(stellan, client_secret=None, client_assertion_type=JWT_BEARER, client_assertion=signed)
    assert answer.get_json()["error_codes"] == [700027]
