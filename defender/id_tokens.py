"""Our own check of an ID token: MSAL decodes it and looks at its nonce, and leaves the rest to the application."""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import httpx
import jwt

from defender import errors
from defender.cloud import answered
from defender.sign_in_errors import TokenRefused
from defender.tokens import GUID, LOGIN

KEYS = f"{LOGIN}/organizations/discovery/v2.0/keys"
REQUIRED = ["iss", "aud", "exp", "nbf", "iat", "tid", "oid", "nonce", "ver"]
LEEWAY_SECONDS = 60
KEYS_LIVE_SECONDS = 24 * 3600
# A key that is not known may be new; who sends many must not make us ask for each.
KEYS_REST_SECONDS = 60


@dataclass(frozen=True)
class Key:
    """A key of Entra, and the issuers it may sign for: one, or any directory where `{tenantid}` stands."""

    jwk: jwt.PyJWK
    issuer: str

    def signs_for(self, tid: str) -> bool:
        return not self.issuer or self.issuer.replace("{tenantid}", tid) == issuer_of(tid)


class Keys:
    """Entra's signing keys, kept for a day; an unknown one is looked for once a minute at most."""

    def __init__(self, http: httpx.Client, clock: Callable[[], float] = time.monotonic) -> None:
        self.http = http
        self.clock = clock
        self.keys: dict[str, Key] = {}
        self.fetched_at = float("-inf")
        self.sought_at = float("-inf")
        self.lock = threading.Lock()

    def key(self, kid: str) -> Key | None:
        """The key of that name; what `answered` and httpx raise when Entra must be asked and cannot be."""
        with self.lock:
            now = self.clock()
            if now - self.fetched_at > KEYS_LIVE_SECONDS:
                self.fetch(now)
            elif kid not in self.keys and now - self.sought_at > KEYS_REST_SECONDS:
                self.sought_at = now
                self.fetch(now)
            return self.keys.get(kid)

    def fetch(self, now: float) -> None:
        self.keys = keys_of(answered(self.http.get(KEYS)))
        self.fetched_at = now


def keys_of(described: dict[str, Any]) -> dict[str, Key]:
    """The RSA signing keys of a JWKS; MicrosoftFault when there is none that can be read."""
    listed = described.get("keys")
    found = {}
    for item in listed if isinstance(listed, list) else []:
        if not isinstance(item, dict) or item.get("kty") != "RSA" or item.get("use", "sig") != "sig":
            continue
        try:
            found[str(item.get("kid"))] = Key(jwt.PyJWK(item, algorithm="RS256"), str(item.get("issuer") or ""))
        except jwt.PyJWTError:
            continue
    if not found:
        raise errors.MicrosoftFault("Entra's signing keys could not be read.")
    return found


def issuer_of(tid: str) -> str:
    return f"{LOGIN}/{tid}/v2.0"


def claims_of(token: str, keys: Keys, client_id: str, nonce: str) -> dict[str, Any]:
    """The claims of an ID token that holds in every respect; TokenRefused with the reason when it does not."""
    try:
        key = keys.key(key_id(token))
        if key is None:
            raise TokenRefused("Its key is none of Entra's.")
        claims = jwt.decode(
            token, key.jwk, algorithms=["RS256"], audience=client_id, leeway=LEEWAY_SECONDS,
            options={"require": REQUIRED, "strict_aud": True},
        )  # fmt: skip
    except jwt.PyJWTError as error:
        raise TokenRefused(f"{type(error).__name__}: {error}") from error
    if reason := unfit(claims, key, nonce):
        raise TokenRefused(reason)
    return claims


def key_id(token: str) -> str:
    return str(jwt.get_unverified_header(token).get("kid"))


def unfit(claims: dict[str, Any], key: Key, nonce: str) -> str:
    """What is wrong with claims whose signature, audience and times hold; '' when nothing is."""
    for name in ("tid", "oid"):
        if not isinstance(claims[name], str) or not GUID.fullmatch(claims[name]):
            return f"Its {name} is no GUID."
    if claims["ver"] != "2.0":
        return "It is not of version 2.0."
    if claims["iss"] != issuer_of(claims["tid"]):
        return "Its issuer is not the directory it names."
    if not key.signs_for(claims["tid"]):
        return "Its key does not sign for this directory."
    return "" if claims["nonce"] == nonce else "Its nonce is not the one that was sent."
