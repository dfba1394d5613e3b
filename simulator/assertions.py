"""Client assertions: is one signed by the registered certificate, for this tenant, by and about the client?"""

import base64
from typing import Any

import jwt
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from simulator.world import World


def holds(world: World, assertion: str, audience: str) -> bool:
    """`audience` is the token URL of the tenant, so that no assertion serves two customers."""
    if world.certificate is None:
        return False
    certificate = x509.load_pem_x509_certificate(world.certificate)
    key = certificate.public_key()
    try:
        if not isinstance(key, rsa.RSAPublicKey) or not names(jwt.get_unverified_header(assertion), certificate):
            return False
        claims = jwt.decode(assertion, key, algorithms=["PS256", "RS256"], audience=audience, issuer=world.client_id,
                            leeway=300, options={"require": ["exp", "jti", "sub"]})  # fmt: skip
    except jwt.PyJWTError:
        return False
    return bool(claims["sub"] == world.client_id and claims["jti"])


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
