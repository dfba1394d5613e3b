"""App-only tokens, one tenant at a time, each held against what was asked for before it is handed out."""

import base64
import json
import re
import threading
from collections import OrderedDict
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import msal

from defender import entra_errors, errors
from defender.cloud import MsalHttp

GRAPH = "https://graph.microsoft.com"
GRAPH_APP_ID = "00000003-0000-0000-c000-000000000000"
LOGIN = "https://login.microsoftonline.com"
MOST_APPS = 1000
GUID = re.compile("[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE | re.ASCII)
PRIVATE_KEY = re.compile("-----BEGIN (RSA )?PRIVATE KEY-----(.+?)-----END", re.DOTALL)
RSA = bytes.fromhex("2a864886f70d010101")  # the object identifier of an RSA key


@dataclass(frozen=True)
class Credential:
    """The monitor registration: its id, and a secret or a certificate (PEM text with key and certificate)."""

    client_id: str
    secret: str | None = field(default=None, repr=False)
    certificate: str | None = field(default=None, repr=False)

    def for_msal(self) -> Any:
        if not self.certificate:
            return self.secret
        # Without a thumbprint MSAL signs with PS256 and x5t#S256.
        return {"private_key": self.certificate, "public_certificate": certificate_part(self.certificate)}


@dataclass(frozen=True)
class Token:
    value: str = field(repr=False)
    tenant_id: str
    roles: frozenset[str]
    expires_at: datetime


class Tokens:
    """Keeps one MSAL application for each tenant, since each holds the tokens and the discovery of its tenant.

    While a credential is being changed there are two: one that Entra refuses is followed by the other, and the one
    that was taken last is used first. Those of a registration differ in nothing else.
    """

    def __init__(self, *credentials: Credential, http: httpx.Client) -> None:
        self.credentials = credentials
        self.client_id = credentials[0].client_id
        self.http = MsalHttp(http)
        self.apps: OrderedDict[str, tuple[Credential, msal.ConfidentialClientApplication]] = OrderedDict()
        self.lock = threading.Lock()

    def token(self, tenant_id: str, *, fresh: bool = False) -> Token:
        """A token for Graph in the tenant; with `fresh` Entra is really asked, whatever MSAL remembers.

        Raises ValueError when `tenant_id` is no GUID, else what errors.py draws.
        """
        tenant_id = directory_id(tenant_id)
        if fresh:
            self.forget(tenant_id)
        *others, last = self.credentials
        for credential in others:
            with suppress(errors.CredentialRejected, errors.CredentialExpired):
                return self.token_by(credential, tenant_id)
        return self.token_by(last, tenant_id)

    def token_by(self, credential: Credential, tenant_id: str) -> Token:
        """A token asked for, or remembered, with that credential, which is then the first to be used."""
        try:
            result = self.app(tenant_id, credential).acquire_token_for_client([f"{GRAPH}/.default"])
            token = self.checked(tenant_id, result)
        except httpx.HTTPError as error:
            raise errors.Unreachable(f"Entra could not be reached ({type(error).__name__}).") from error
        except errors.DefenderError:
            # MSAL would answer the same for a minute, or with the same token for an hour.
            self.forget(tenant_id)
            raise
        if not token.roles:
            # Consent may be minutes old: a token without roles must not be served again from the cache.
            self.forget(tenant_id)
        if credential != self.credentials[0]:
            self.credentials = (credential, *(other for other in self.credentials if other != credential))
        return token

    def forget(self, tenant_id: str) -> None:
        with self.lock:
            self.apps.pop(tenant_id, None)

    def app(self, tenant_id: str, credential: Credential) -> msal.ConfidentialClientApplication:
        with self.lock:
            used, known = self.apps.get(tenant_id, (None, None))
            if used == credential:
                self.apps.move_to_end(tenant_id)
                return known
        # What was issued for the other credential is good until it ends.
        made = self.new_app(tenant_id, credential, known.token_cache if known else None)
        with self.lock:
            used, known = self.apps.get(tenant_id, (None, None))
            if used == credential:
                return known
            if len(self.apps) >= MOST_APPS:
                self.apps.popitem(last=False)
            self.apps[tenant_id] = (credential, made)
        return made

    def new_app(self, tenant_id: str, credential: Credential, kept: Any) -> msal.ConfidentialClientApplication:
        key = credential.for_msal()
        try:
            return msal.ConfidentialClientApplication(
                self.client_id, client_credential=key, authority=f"{LOGIN}/{tenant_id}",
                instance_discovery=False, http_client=self.http, token_cache=kept,
            )  # fmt: skip
        except ValueError as error:
            # What Entra answers is read before MSAL sees it, so that only the key is left to be refused.
            raise errors.CredentialRejected("The private key or certificate cannot be read.") from error

    def checked(self, tenant_id: str, result: dict[str, Any]) -> Token:
        """Refuse a token of another tenant, audience or application: it would show one customer as another."""
        if "access_token" not in result:
            raise entra_errors.error_of(result)
        claims = claims_of(str(result["access_token"]))
        if str(claims.get("tid", "")).lower() != tenant_id:
            raise errors.Untrustworthy("Entra issued a token of another tenant than the one asked for.")
        if str(claims.get("aud", "")).rstrip("/") not in (GRAPH, GRAPH_APP_ID):
            raise errors.Untrustworthy("Entra issued a token for another service than Graph.")
        if str(claims.get("appid") or claims.get("azp")).lower() != self.client_id.lower():
            raise errors.Untrustworthy("Entra issued a token of another application.")
        roles = claims.get("roles")
        granted = frozenset(role for role in roles if isinstance(role, str)) if isinstance(roles, list) else frozenset()
        expires_at = datetime.now(UTC) + timedelta(seconds=int(result.get("expires_in") or 0))
        return Token(str(result["access_token"]), tenant_id, granted, expires_at)


def certificate_part(pem: str) -> str:
    """The certificate of a PEM text that also has its key; CredentialRejected when one is missing or no RSA key."""
    begin, end = pem.find("-----BEGIN CERTIFICATE-----"), pem.rfind("-----END CERTIFICATE-----")
    key = PRIVATE_KEY.search(pem)
    if begin < 0 or end < 0 or key is None:
        raise errors.CredentialRejected("The certificate file must hold a key without password and its certificate.")
    if not (RSA in der(key[2]) or key[1]):
        raise errors.CredentialRejected("The private key of the certificate must be an RSA key.")
    return pem[begin : end + len("-----END CERTIFICATE-----")] + "\n"


def der(base64_text: str) -> bytes:
    """The bytes of a PEM block; CredentialRejected when they are not one whole DER sequence."""
    try:
        found = base64.b64decode("".join(base64_text.split()), validate=True)
    except ValueError:
        found = b""
    # Tag 0x30, then two bytes of length, as any RSA key in use has them.
    if found[:2] != b"\x30\x82" or int.from_bytes(found[2:4], "big") != len(found) - 4:
        raise errors.CredentialRejected("The private key or certificate cannot be read.")
    return found


def directory_id(text: str) -> str:
    """A GUID in its usual form; ValueError with one sentence when the text is none."""
    if not GUID.fullmatch(text):
        raise ValueError(f"{text[:80]!r} is not a directory (tenant) ID.")
    return text.lower()


def claims_of(token: str) -> dict[str, Any]:
    """The payload of a JWT, unverified: a diagnosis of what Entra gave us, never a decision about a caller."""
    try:
        payload = token.split(".")[1]
        claims = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
    except (IndexError, ValueError, RecursionError):
        claims = None
    if not isinstance(claims, dict):
        raise errors.Untrustworthy("Entra issued a token whose claims cannot be read.")
    return claims
