"""The door to a tenant's cloud: what may be asked of Microsoft is asked through the client made here.

Only workers and operator commands come here. The web process has no credential, so for it the door is shut.
"""

from collections import defaultdict
from functools import lru_cache
from pathlib import Path

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

from defender.cloud import Clients, client
from defender.graph import Graph
from defender.tokens import Credential, Tokens
from tenants.models import Tenant

SETTINGS = ("ENTRA_CERTIFICATE_NEXT", "ENTRA_CLIENT_SECRET_NEXT", "ENTRA_CERTIFICATE", "ENTRA_CLIENT_SECRET")
PageSizes = defaultdict[str, dict[str, int]]  # by directory and path


def credentials() -> tuple[Credential, ...]:
    """The credentials of the monitor registration, the one that is to stay first.

    While it is being changed there are two, so that no read fails: the next one may not be registered yet, or the
    other one no longer. Raises ImproperlyConfigured with one sentence when a setting is missing.
    """
    if not settings.ENTRA_CLIENT_ID:
        raise ImproperlyConfigured("ENTRA_CLIENT_ID is not set: it is the application ID of the monitor registration.")
    if not settings.ENTRA_CERTIFICATE and not settings.ENTRA_CLIENT_SECRET:
        raise ImproperlyConfigured("Neither ENTRA_CLIENT_SECRET nor ENTRA_CERTIFICATE is set: one of them is needed.")
    return tuple(credential(name) for name in named())


def named() -> list[str]:
    """The settings that hold a credential, the one that is to stay first."""
    return [name for name in SETTINGS if getattr(settings, name)]


def credential(name: str) -> Credential:
    """The one that the setting holds, or whose file it names."""
    if "CERTIFICATE" in name:
        return Credential(str(settings.ENTRA_CLIENT_ID), certificate=certificate(name))
    return Credential(str(settings.ENTRA_CLIENT_ID), secret=getattr(settings, name))


def certificate(name: str) -> str:
    path = getattr(settings, name)
    try:
        return Path(path).read_text(encoding="ascii")
    except (OSError, UnicodeDecodeError) as error:
        raise ImproperlyConfigured(f"{name} names a file that cannot be read: {path}") from error


@lru_cache(maxsize=1)
def door(cloud_url: str, *keys: Credential) -> tuple[Clients, Tokens, PageSizes]:
    """A client a thread and one token store for the whole process; another cloud or credential opens another.

    With them goes what each directory has told by refusing longer pages.
    """
    return Clients(cloud_url), Tokens(*keys, http=client(cloud_url)), defaultdict(dict)


def graph(tenant: Tenant) -> Graph:
    return graph_of(str(tenant.entra_id))


def graph_of(entra_id: str) -> Graph:
    clients, tokens, page_sizes = door(settings.MICROSOFT_CLOUD_URL, *credentials())
    return Graph(clients.http, tokens, entra_id, page_sizes[entra_id])


def roles(entra_id: str) -> frozenset[str]:
    """The application roles that Entra grants us in the directory at this moment, not those of a kept token."""
    _, tokens, _ = door(settings.MICROSOFT_CLOUD_URL, *credentials())
    return tokens.token(entra_id, fresh=True).roles
