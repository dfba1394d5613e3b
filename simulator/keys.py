"""The keys that the simulated Entra signs with."""

import base64
import hashlib
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric import rsa

from simulator.entra_errors import LOGIN


class Key:
    """An RSA key, made when it is first used, since that takes a while."""

    @cached_property
    def private(self) -> rsa.RSAPrivateKey:
        return rsa.generate_private_key(public_exponent=65537, key_size=2048)

    @cached_property
    def id(self) -> str:
        number = self.private.public_key().public_numbers().n
        digest = hashlib.sha256(number.to_bytes(256)).digest()
        return base64.urlsafe_b64encode(digest[:20]).rstrip(b"=").decode()

    def public(self) -> dict[str, Any]:
        """As the published set of keys shows it."""
        shown: dict[str, Any] = jwt.algorithms.RSAAlgorithm.to_jwk(self.private.public_key(), as_dict=True)
        return {**shown, "kid": self.id, "x5t": self.id, "use": "sig", "issuer": f"{LOGIN}/{{tenantid}}/v2.0"}


@dataclass
class Keys:
    """The published keys, the one that signs first, and one that is never published."""

    published: list[Key] = field(default_factory=lambda: [Key()])
    stranger: Key = field(default_factory=Key)

    @property
    def current(self) -> Key:
        return self.published[0]

    def rotate(self) -> None:
        """Sign with a new key; what the older ones signed stays good."""
        self.published.insert(0, Key())

    def shown(self) -> dict[str, Any]:
        return {"keys": [key.public() for key in self.published]}

    def sign(self, claims: dict[str, Any]) -> str:
        return jwt.encode(claims, self.current.private, algorithm="RS256", headers={"kid": self.current.id})

    def named(self, token: str) -> rsa.RSAPublicKey:
        """The key that the token says it is signed by; jwt.InvalidTokenError when there is none."""
        wanted = jwt.get_unverified_header(token).get("kid")
        for key in self.published:
            if key.id == wanted:
                return key.private.public_key()
        raise jwt.InvalidTokenError("The token is signed by an unknown key.")
