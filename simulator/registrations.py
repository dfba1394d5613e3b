"""The two applications that the provider has registered: one reads, one signs people in."""

import random
import re
import secrets
import uuid
from collections import Counter
from dataclasses import dataclass, field
from urllib.parse import urlsplit

LOCAL = {"localhost", "127.0.0.1"}
PLACE = re.compile(r"[A-Za-z0-9.-]+(:[0-9]{1,5})?")  # what may stand in a header too


@dataclass
class Registration:
    """An application with its credentials; `permissions` are the roles of Graph that it asks for.

    Without registered `redirects` any address fits that is local or has TLS.
    """

    name: str
    client_id: str
    secret: str
    permissions: frozenset[str] = frozenset()
    certificate: bytes | None = None
    # While a credential is being changed there are two of its kind.
    next_secret: str | None = None
    next_certificate: bytes | None = None
    attempts: Counter[str] = field(default_factory=Counter)  # by the secret that was sent
    redirects: list[str] = field(default_factory=list)
    assertions: dict[str, str] = field(default_factory=dict)  # by the id that each had

    def knows(self, secret: str) -> bool:
        self.attempts[secret] += 1
        known = [one.encode() for one in (self.secret, self.next_secret) if one is not None]
        return any(secrets.compare_digest(secret.encode(), one) for one in known)

    @property
    def certificates(self) -> list[bytes]:
        return [one for one in (self.certificate, self.next_certificate) if one is not None]

    def register(self, redirects: list[str]) -> None:
        """ValueError when one is no absolute http or https address."""
        for uri in redirects:
            if not isinstance(uri, str) or not fits(uri, anywhere=True):
                raise ValueError(f"{uri!r} is no address to redirect to.")
        self.redirects = list(redirects)

    def accepts(self, uri: str) -> bool:
        return uri in self.redirects if self.redirects else fits(uri)


def fits(uri: str, *, anywhere: bool = False) -> bool:
    """Whether a browser may be sent there: https, or http on this machine."""
    try:
        parts = urlsplit(uri)
    except ValueError:
        return False
    if parts.fragment or not PLACE.fullmatch(parts.netloc) or any(letter <= " " for letter in uri):
        return False
    return parts.scheme == "https" or (parts.scheme == "http" and (anywhere or parts.hostname in LOCAL))


def made(seed: int, word: str, name: str, permissions: frozenset[str] = frozenset()) -> Registration:
    """`word` gives the id and the secret their place in the seed."""
    identity = str(uuid.UUID(int=random.Random(f"client{word}{seed}").getrandbits(128), version=4))
    secret = f"simulated~{random.Random(f'secret{word}{seed}').getrandbits(160):040x}"
    return Registration(name, identity, secret, permissions)
