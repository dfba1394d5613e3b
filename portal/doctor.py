"""What a real installation can lack, looked at one thing after the other; what fails stops none of the rest."""

import re
from collections.abc import Callable, Iterator
from urllib.parse import urlsplit

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.db import DatabaseError
from django.utils import timezone
from kombu.exceptions import OperationalError
from redis.exceptions import RedisError

from portal import checks, servers
from portal.findings import Finding, ok, problem, warning
from tenants import cloud, diagnosis
from tenants.models import Tenant

SERVER_ERRORS = (DatabaseError, OperationalError, RedisError, OSError)
LOCAL = ("localhost", "127.0.0.1", "::1")
# The paths that Microsoft sends browsers back to, by the registration at which they have to be entered.
CALLBACKS = {"sign-in": ("/sign-in/callback", "/connect/identity"), "monitor": ("/connect/callback",)}
SKEW_WARNING_SECONDS, SKEW_PROBLEM_SECONDS = 60, 300
SOON_DAYS, LAST_DAYS = 30, 7
GUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)


def examine(tenant: str = "") -> Iterator[tuple[str, Finding]]:
    """Every finding with its subject; `tenant` is the directory whose token is asked for, else the first connected."""
    subjects: dict[str, Callable[[], Iterator[Finding]]] = {
        "settings": set_up,
        "callbacks": callbacks,
        "database": servers.database,
        "redis": servers.redis,
        "clock": clock,
        "credential": credential,
        "sign-in": sign_in,
        "tenant": lambda: directory(tenant),
    }
    for subject, check in subjects.items():
        try:
            for finding in check():
                yield subject, finding
        except SERVER_ERRORS as error:
            yield subject, problem(f"It does not answer: {first_line(error)}")
        except (ImproperlyConfigured, diagnosis.Unwell) as error:
            yield subject, problem(str(error))


def first_line(error: Exception) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0]


def set_up() -> Iterator[Finding]:
    lacking = checks.problem()
    yield problem(lacking) if lacking else ok("What an installation needs is set.")
    if settings.DEBUG:
        yield problem("DEBUG is on: errors show settings and data to whoever causes one. Unset it.")
    if settings.MICROSOFT_CLOUD_URL:
        yield warning(f"MICROSOFT_CLOUD_URL is set: this is the simulated cloud at {settings.MICROSOFT_CLOUD_URL}.")


def callbacks() -> Iterator[Finding]:
    """Entra takes http for this machine's own name only."""
    local = urlsplit(settings.PUBLIC_URL).hostname in LOCAL
    if settings.SECURE:
        yield ok(f"PUBLIC_URL is {settings.PUBLIC_URL}.")
    elif local:
        yield warning(f"PUBLIC_URL is {settings.PUBLIC_URL}: for a trial on this machine; people need https.")
    else:
        yield problem(f"PUBLIC_URL is {settings.PUBLIC_URL}: Entra sends people back to https only.")
    for registration, paths in CALLBACKS.items():
        for path in paths:
            yield ok(f"Redirect URI of the {registration} registration: {settings.PUBLIC_URL}{path}")


def clock() -> Iterator[Finding]:
    ahead = diagnosis.clock_ahead_seconds()
    text = f"This clock is {abs(ahead):.0f} seconds {'ahead of' if ahead > 0 else 'behind'} Microsoft's"
    if abs(ahead) > SKEW_PROBLEM_SECONDS:
        yield problem(f"{text}: tokens and sign-ins are refused. Let the machine ask a time server.")
    elif abs(ahead) > SKEW_WARNING_SECONDS:
        yield warning(f"{text}: let the machine ask a time server.")
    else:
        yield ok(f"{text}.")


def credential() -> Iterator[Finding]:
    if lacking := checks.credential_problem():
        yield problem(lacking)
        return
    for name in cloud.named():
        yield certificate(name) if name in checks.CERTIFICATES else client_secret(name)
    if home := settings.ENTRA_HOME_TENANT_ID:
        yield from taken(cloud.named())
        diagnosis.granted(home)
        yield ok("Entra accepts it: a token of the home directory was issued.")


def taken(names: list[str]) -> Iterator[Finding]:
    """While there are two, which of them Entra takes: the old one may go as soon as it takes the new one."""
    if len(names) < 2:
        return
    for name in names:
        if diagnosis.accepted(name):
            yield ok(f"Entra accepts {name}.")
        else:
            yield warning(f"Entra does not accept {name}; the other one is used.")


def certificate(name: str = "ENTRA_CERTIFICATE") -> Finding:
    found = diagnosis.certificate(name)
    text = f"The certificate {found.thumbprint}"
    days = (found.expires_at - timezone.now()).days
    if found.begins_at > timezone.now():
        return problem(f"{text} is valid only from {found.begins_at:%Y-%m-%d}.")
    if days < 0:
        return problem(f"{text} has expired on {found.expires_at:%Y-%m-%d}: docs/operations.md says how to renew it.")
    until = f"{text} has its key and is valid for {days} days, until {found.expires_at:%Y-%m-%d}"
    if days >= SOON_DAYS:
        return ok(f"{until}.")
    return warning(f"{until}: renew it now.") if days >= LAST_DAYS else problem(f"{until}: renew it today.")


def client_secret(name: str) -> Finding:
    if GUID.fullmatch(getattr(settings, name)):
        return problem(f"{name} looks like the secret's ID: Entra shows the value beside it, once.")
    return ok("A client secret is set; only the Entra admin center tells when it expires.")


def sign_in() -> Iterator[Finding]:
    if shared := checks.warning():
        yield warning(shared)
    elif not settings.ENTRA_SIGNIN_CLIENT_ID:
        yield warning("ENTRA_SIGNIN_CLIENT_ID is not set: nobody can sign in with Microsoft.")
    elif diagnosis.sign_in_is_accepted():
        yield ok("Entra accepts the credential of the sign-in registration.")
    else:
        yield warning("Entra did not say whether it accepts the credential of the sign-in registration.")


def directory(given: str) -> Iterator[Finding]:
    """A fresh token of one directory, its roles, and one answered call."""
    first = None if given else Tenant.objects.connected().order_by("connected_at", "id").first()
    entra_id = given or (str(first.entra_id) if first else "")
    if not entra_id:
        yield warning("No directory is connected yet, so none was asked; --tenant GUID names one.")
    elif not checks.credential_problem():
        roles = diagnosis.granted(entra_id)
        yield ok(f"{first or entra_id}: Entra grants {', '.join(sorted(roles)) or 'no role'}.")
        if lacking := diagnosis.missing(roles):
            yield problem(f"Its consent lacks {' and '.join(lacking)}: ask its administrator for consent again.")
        diagnosis.ask_for_an_incident(entra_id)
        yield ok("It answered a request for an incident.")
