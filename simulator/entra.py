"""Entra: discovery, keys and the token endpoint for client credentials, with its error codes."""

import base64
import hashlib
import secrets
import time
from datetime import UTC, datetime
from typing import Any

import jwt
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from werkzeug.wrappers import Request, Response

from simulator.answers import answer
from simulator.world import Tenant, World

LOGIN = "https://login.microsoftonline.com"
GRAPH = "https://graph.microsoft.com"
KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)
KEY_ID = "simulated-signing-key"
SENTENCES = {
    700016: "Application with identifier '{client}' was not found in the directory '{tenant}'.",
    7000229: "The client application {client} is missing service principal in the tenant {tenant}.",
    7000112: "Application '{client}' is disabled.",
    7000215: "Invalid client secret provided.",
    7000218: "The request body must contain the following parameter: 'client_assertion' or 'client_secret'.",
    7000222: "The provided client secret keys for app '{client}' are expired.",
    700027: "The certificate with identifier used to sign the client assertion is not registered on application.",
    90002: "Tenant '{tenant}' not found. Check to make sure you have the correct tenant ID.",
    70011: "The provided value for the input parameter 'scope' is not valid.",
    500011: "The resource principal was not found in the tenant named {tenant}.",
}
ERRORS = {90002: "invalid_request", 700016: "unauthorized_client", 7000112: "unauthorized_client",
          70011: "invalid_scope", 500011: "invalid_resource"}  # fmt: skip


def respond(world: World, request: Request) -> Response:
    parts = request.path.strip("/").split("/")
    tail = "/".join(parts[1:])
    if tail == "discovery/v2.0/keys":
        return answer({"keys": [public_key()]})
    tenant = world.tenants.get(parts[0].lower())
    if tail == "v2.0/.well-known/openid-configuration":
        return answer(configuration(parts[0])) if tenant else refused(90002, world, parts[0])
    if tail == "oauth2/v2.0/token" and request.method == "POST":
        return token(world, request, parts[0], tenant)
    return answer({"error": "not_found"}, 404)


def configuration(tenant_id: str) -> dict[str, Any]:
    base = f"{LOGIN}/{tenant_id}"
    return {
        "issuer": f"{base}/v2.0",
        "authorization_endpoint": f"{base}/oauth2/v2.0/authorize",
        "token_endpoint": f"{base}/oauth2/v2.0/token",
        "device_authorization_endpoint": f"{base}/oauth2/v2.0/devicecode",
        "jwks_uri": f"{base}/discovery/v2.0/keys",
        "tenant_region_scope": "EU",
        "cloud_instance_name": "microsoftonline.com",
    }


def public_key() -> dict[str, Any]:
    key: dict[str, Any] = jwt.algorithms.RSAAlgorithm.to_jwk(KEY.public_key(), as_dict=True)
    return {**key, "kid": KEY_ID, "use": "sig"}


def token(world: World, request: Request, tenant_id: str, tenant: Tenant | None) -> Response:
    code = problem(world, request, tenant_id, tenant)
    if code or tenant is None:
        return refused(code or 90002, world, tenant_id)
    seconds = 3599 + secrets.randbelow(1800)
    return answer({"token_type": "Bearer", "expires_in": seconds, "ext_expires_in": seconds,
                   "access_token": signed(world, tenant, seconds)})  # fmt: skip


def problem(world: World, request: Request, tenant_id: str, tenant: Tenant | None) -> int:
    """The AADSTS code by which the request is refused, 0 when it is granted."""
    form = request.form
    if tenant is None:
        return 90002
    ordered = world.faults.entra_code(tenant.id)
    if ordered:
        return ordered
    if form.get("scope") != f"{GRAPH}/.default":
        return 70011
    if form.get("client_id", "") != world.client_id:
        return 700016
    return credential_problem(world, form, tenant_id) or (0 if tenant.consented else 7000229)


def credential_problem(world: World, form: Any, tenant_id: str) -> int:
    if "client_secret" in form:
        return 0 if secrets.compare_digest(form["client_secret"], world.client_secret) else 7000215
    if "client_assertion" in form:
        return 0 if assertion_holds(world, form["client_assertion"], tenant_id) else 700027
    return 7000218


def assertion_holds(world: World, assertion: str, tenant_id: str) -> bool:
    """Signed by the registered certificate, for this tenant's endpoint, by and about our client."""
    if world.certificate is None:
        return False
    certificate = x509.load_pem_x509_certificate(world.certificate)
    thumbprint = base64.urlsafe_b64encode(certificate.fingerprint(hashes.SHA256())).rstrip(b"=").decode()
    try:
        if str(jwt.get_unverified_header(assertion).get("x5t#S256")).rstrip("=") != thumbprint:
            return False
        claims = jwt.decode(assertion, certificate.public_key(), algorithms=["PS256"],  # type: ignore[arg-type]
                            audience=f"{LOGIN}/{tenant_id}/oauth2/v2.0/token", issuer=world.client_id)  # fmt: skip
    except jwt.PyJWTError:
        return False
    return claims.get("sub") == world.client_id


def signed(world: World, tenant: Tenant, seconds: int) -> str:
    now = int(time.time())
    principal = hashlib.blake2b(f"{world.client_id}{tenant.id}".encode(), digest_size=16).hexdigest()
    claims: dict[str, Any] = {
        "aud": GRAPH, "iss": f"https://sts.windows.net/{tenant.id}/", "iat": now, "nbf": now, "exp": now + seconds,
        "appid": world.client_id, "appidacr": "1", "idp": f"https://sts.windows.net/{tenant.id}/", "oid": principal,
        "sub": principal, "tid": tenant.id, "uti": secrets.token_urlsafe(16), "ver": "1.0",
    }  # fmt: skip
    if tenant.roles:
        claims["roles"] = sorted(tenant.roles)
    return jwt.encode(claims, KEY, algorithm="RS256", headers={"kid": KEY_ID})


def tenant_of(world: World, bearer: str) -> tuple[Tenant | None, set[str]]:
    """Graph's check of a token: the tenant it is for and the roles it has; no tenant when it does not hold."""
    try:
        claims = jwt.decode(bearer, KEY.public_key(), algorithms=["RS256"], audience=GRAPH)
    except jwt.PyJWTError:
        return None, set()
    return world.tenants.get(claims["tid"]), set(claims.get("roles", ()))


def refused(code: int, world: World, tenant_id: str) -> Response:
    error = ERRORS.get(code, "invalid_client")
    trace, correlation = secrets.token_hex(16), secrets.token_hex(16)
    stamp = time.strftime("%Y-%m-%d %H:%M:%SZ", time.gmtime())
    sentence = SENTENCES.get(code, "The request was refused.").format(client=world.client_id, tenant=tenant_id)
    body = {
        "error": error,
        "error_description": f"AADSTS{code}: {sentence} Trace ID: {trace} Correlation ID: {correlation} "
        f"Timestamp: {stamp}",
        "error_codes": [code], "timestamp": stamp, "trace_id": trace, "correlation_id": correlation,
        "error_uri": f"{LOGIN}/error?code={code}",
    }  # fmt: skip
    return answer(body, 401 if error == "invalid_client" else 400)


def self_signed(common_name: str = "Simulated") -> bytes:
    """A private key and its certificate as one PEM text, as ENTRA_CERTIFICATE wants it."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, common_name)])
    begin = datetime(2020, 1, 1, tzinfo=UTC)
    certificate = (
        x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
        .serial_number(x509.random_serial_number()).not_valid_before(begin)
        .not_valid_after(begin.replace(year=2099)).sign(key, hashes.SHA256())
    )  # fmt: skip
    encoded = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return encoded + certificate.public_bytes(serialization.Encoding.PEM)
