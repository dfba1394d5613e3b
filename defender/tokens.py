"""App-only tokens, one tenant at a time, each held against what was asked for before it is handed out."""

import base64
import json
import threading
import uuid
from collections import OrderedDict
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
    """Keeps one MSAL application for each tenant, since each holds the tokens and the discovery of its tenant."""

    def __init__(self, credential: Credential, http: httpx.Client) -> None:
        self.credential = credential
        self.http = MsalHttp(http)
        self.apps: OrderedDict[str, msal.ConfidentialClientApplication] = OrderedDict()
        self.lock = threading.Lock()

    def token(self, tenant_id: str, *, fresh: bool = False) -> Token:
        """A token for Graph in the tenant; with `fresh` Entra is really asked, whatever MSAL remembers.

        Raises ValueError when `tenant_id` is no GUID, else what errors.py draws.
        """
        tenant_id = str(uuid.UUID(tenant_id))
        if fresh:
            self.forget(tenant_id)
        try:
            result = self.app(tenant_id).acquire_token_for_client([f"{GRAPH}/.default"])
        except httpx.HTTPError as error:
            raise errors.Unreachable(f"Entra could not be reached ({type(error).__name__}).") from error
        except (msal.exceptions.MsalServiceError, json.JSONDecodeError) as error:
            raise errors.MicrosoftFault("Entra answered with something that is no token.") from error
        if "access_token" not in result:
            self.forget(tenant_id)
            raise entra_errors.error_of(result)
        token = self.checked(tenant_id, result)
        if not token.roles:
            # Consent may be minutes old: a token without roles must not be served again from the cache.
            self.forget(tenant_id)
        return token

    def forget(self, tenant_id: str) -> None:
        with self.lock:
            self.apps.pop(tenant_id, None)

    def app(self, tenant_id: str) -> msal.ConfidentialClientApplication:
        with self.lock:
            known = self.apps.get(tenant_id)
            if known:
                self.apps.move_to_end(tenant_id)
                return known
        made = self.new_app(tenant_id)
        with self.lock:
            if len(self.apps) >= MOST_APPS:
                self.apps.popitem(last=False)
            return self.apps.setdefault(tenant_id, made)

    def new_app(self, tenant_id: str) -> msal.ConfidentialClientApplication:
        try:
            key = self.credential.for_msal()
            app = msal.ConfidentialClientApplication(
                self.credential.client_id, client_credential=key, authority=f"{LOGIN}/{tenant_id}",
                instance_discovery=False, http_client=self.http,
            )  # fmt: skip
        except httpx.HTTPError as error:
            raise errors.Unreachable(f"Entra could not be reached ({type(error).__name__}).") from error
        except ValueError as error:
            raise discovery_error(error) from error
        return app

    def checked(self, tenant_id: str, result: dict[str, Any]) -> Token:
        """Refuse a token of another tenant, audience or application: it would show one customer as another."""
        claims = claims_of(str(result["access_token"]))
        if str(claims.get("tid", "")).lower() != tenant_id:
            raise errors.Untrustworthy("Entra issued a token of another tenant than the one asked for.")
        if str(claims.get("aud", "")).rstrip("/") not in (GRAPH, GRAPH_APP_ID):
            raise errors.Untrustworthy("Entra issued a token for another service than Graph.")
        if (claims.get("appid") or claims.get("azp")) not in (None, self.credential.client_id):
            raise errors.Untrustworthy("Entra issued a token of another application.")
        roles = claims.get("roles")
        granted = frozenset(role for role in roles if isinstance(role, str)) if isinstance(roles, list) else frozenset()
        expires_at = datetime.now(UTC) + timedelta(seconds=int(result.get("expires_in") or 0))
        return Token(str(result["access_token"]), tenant_id, granted, expires_at)


def certificate_part(pem: str) -> str:
    begin, end = pem.find("-----BEGIN CERTIFICATE-----"), pem.rfind("-----END CERTIFICATE-----")
    if begin < 0 or end < 0 or "PRIVATE KEY-----" not in pem:
        raise errors.CredentialRejected("The certificate file must hold a private key and its certificate as PEM.")
    return pem[begin : end + len("-----END CERTIFICATE-----")] + "\n"


def discovery_error(error: ValueError) -> errors.DefenderError:
    """MSAL says with a ValueError both that a directory is unknown and that a key cannot be read."""
    text = str(error)
    if "invalid_tenant" in text or "AADSTS90002" in text:
        return errors.TenantNotFound("Entra knows no directory with this ID (AADSTS90002).", code="AADSTS90002")
    if "authority" in text.lower() or "openid" in text.lower():
        return errors.MicrosoftFault("Entra's description of the directory could not be read.")
    return errors.CredentialRejected("The private key or certificate cannot be read.")


def claims_of(token: str) -> dict[str, Any]:
    """The payload of a JWT, unverified: a diagnosis of what Entra gave us, never a decision about a caller."""
    try:
        payload = token.split(".")[1]
        claims = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
    except (IndexError, ValueError):
        claims = None
    if not isinstance(claims, dict):
        raise errors.Untrustworthy("Entra issued a token whose claims cannot be read.")
    return claims
