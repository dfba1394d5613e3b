"""What can be asked of Microsoft, and of our credential, to find out why an installation does not work."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

import httpx
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from django.conf import settings
from django.utils import timezone

from defender.cloud import client
from defender.errors import CredentialExpired, CredentialRejected, DefenderError, OurFault
from defender.tokens import LOGIN, Credential, Tokens
from tenants import cloud, connecting

PRIVATE_KEY = re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY-----.+?-----END [A-Z ]*PRIVATE KEY-----", re.DOTALL)


class Unwell(Exception):
    """What was looked at does not work; the message is one sentence and holds no secret."""


@dataclass(frozen=True)
class Certificate:
    """The thumbprint is the SHA-1 in hex by which the Entra admin center lists certificates."""

    begins_at: datetime
    expires_at: datetime
    thumbprint: str


def clock_ahead_seconds() -> float:
    """How far this machine's clock is ahead of Microsoft's, to about a second; Unwell when that cannot be told."""
    try:
        with client(settings.MICROSOFT_CLOUD_URL) as http:
            asked_at = timezone.now()
            response = http.get(f"{LOGIN}/organizations/v2.0/.well-known/openid-configuration")
            answered_at = timezone.now()
        theirs = parsedate_to_datetime(response.headers.get("Date", ""))
    except httpx.HTTPError as error:
        raise Unwell(f"login.microsoftonline.com could not be reached ({type(error).__name__}).") from error
    except ValueError as error:
        raise Unwell("The answer of login.microsoftonline.com has no readable date.") from error
    return (asked_at + (answered_at - asked_at) / 2 - theirs.replace(tzinfo=theirs.tzinfo or UTC)).total_seconds()


def certificate(name: str = "ENTRA_CERTIFICATE") -> Certificate:
    """The certificate that the setting names; Unwell when it cannot be read or its key is another's."""
    pem = cloud.certificate(name)
    key = PRIVATE_KEY.search(pem)
    if key is None:
        raise Unwell(f"{name} names a file without a private key.")
    try:
        found = x509.load_pem_x509_certificate(pem[pem.find("-----BEGIN CERTIFICATE-----") :].encode())
        private = serialization.load_pem_private_key(key[0].encode(), password=None)
    except TypeError as error:
        raise Unwell("The private key has a password, with which it cannot be used here.") from error
    except ValueError as error:
        raise Unwell(f"{name} names a file whose key or certificate cannot be read.") from error
    if private.public_key() != found.public_key():
        raise Unwell("The private key does not belong to the certificate that follows it.")
    thumbprint = found.fingerprint(hashes.SHA1()).hex().upper()  # noqa: S303 # nosec B303
    return Certificate(found.not_valid_before_utc, found.not_valid_after_utc, thumbprint)


def accepted(name: str) -> bool:
    """Whether Entra issues a token of the home directory for the credential; False when Entra refuses it.

    Unwell when it says something else.
    """
    try:
        with client(settings.MICROSOFT_CLOUD_URL) as http:
            Tokens(cloud.credential(name), http=http).token(str(settings.ENTRA_HOME_TENANT_ID))
    except (CredentialRejected, CredentialExpired):
        return False
    except DefenderError as error:
        raise Unwell(str(error)) from error
    return True


def granted(entra_id: str) -> frozenset[str]:
    """The roles of a fresh token of the directory; Unwell when Entra gives none."""
    try:
        return cloud.roles(entra_id)
    except DefenderError as error:
        raise Unwell(str(error)) from error


def missing(roles: frozenset[str]) -> list[str]:
    return [role for role, either in connecting.READ.items() if not roles & either]


def ask_for_an_incident(entra_id: str) -> None:
    """One cheap call; Unwell when it is not answered."""
    try:
        cloud.graph_of(entra_id).get("/security/incidents", top=1)
    except DefenderError as error:
        raise Unwell(str(error)) from error


def sign_in_is_accepted() -> bool:
    """Whether Entra takes the credential of the sign-in registration; Unwell when it says no, False when nothing."""
    key = Credential(str(settings.ENTRA_SIGNIN_CLIENT_ID), secret=settings.ENTRA_SIGNIN_CLIENT_SECRET)
    try:
        with client(settings.MICROSOFT_CLOUD_URL) as http:
            Tokens(key, http=http).token(str(settings.ENTRA_HOME_TENANT_ID))
    except OurFault as error:
        raise Unwell(str(error)) from error
    except DefenderError:
        return False
    return True
