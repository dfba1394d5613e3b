"""Client assertions: is one signed by the registered certificate, for this tenant, by and about the client?"""

import base64
from typing import Any

import jwt
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from simulator.registrations import Registration

UNFIT, OUT_OF_TIME = 700027, 700024


def problem(registration: Registration, assertion: str, audience: str) -> int:
    """The AADSTS code by which it is refused, 0 when it holds.

    `audience` is the token URL of the tenant, so that no assertion serves two customers.
    """
    try:
        key = key_of(registration, jwt.get_unverified_header(assertion))
        if not isinstance(key, rsa.RSAPublicKey):
            return UNFIT
        claims = jwt.decode(
            assertion, key, algorithms=["PS256", "RS256"], audience=audience, issuer=registration.client_id,
            leeway=300, options={"require": ["exp", "jti", "sub"]},
        )  # fmt: skip
    except (jwt.ExpiredSignatureError, jwt.ImmatureSignatureError):
        return OUT_OF_TIME
    except jwt.PyJWTError:
        return UNFIT
    own = claims["sub"] == registration.client_id and claims["jti"]
    return 0 if own and first(registration, claims["jti"], assertion) else UNFIT


def key_of(registration: Registration, header: dict[str, Any]) -> Any:
    """The public key of the registered certificate that the header names, None when it names none."""
    registered = [x509.load_pem_x509_certificate(pem) for pem in registration.certificates]
    return next((one.public_key() for one in registered if names(header, one)), None)


def first(registration: Registration, identity: str, assertion: str) -> bool:
    """Whether no other assertion had that id before.

    The very same one may come again until it ends: MSAL keeps an assertion for ten minutes and sends it each time.
    """
    return registration.assertions.setdefault(identity, assertion) == assertion


def names(header: dict[str, Any], certificate: x509.Certificate) -> bool:
    """Whether the header names the certificate: by SHA-256, by SHA-1 or by itself."""
    der = certificate.public_bytes(serialization.Encoding.DER)
    chain = header.get("x5c")
    return (
        same(header.get("x5t#S256"), certificate.fingerprint(hashes.SHA256()))
        or same(header.get("x5t"), certificate.fingerprint(hashes.SHA1()))  # noqa: S303
        or (isinstance(chain, list) and bool(chain) and same(chain[0], der))
    )


def same(text: Any, expected: bytes) -> bool:
    """Compares without padding: clients differ in it."""
    plain = str(text).replace("+", "-").replace("/", "_").rstrip("=")
    return plain == base64.urlsafe_b64encode(expected).decode().rstrip("=")
