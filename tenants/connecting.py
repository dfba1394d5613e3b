"""Connect and disconnect a customer's directory.

Connected means: a fresh token has the roles for incidents and for alerts, and one cheap call was answered. A consent
page that came back proves neither.
"""

import time
from collections.abc import Iterator
from typing import Any
from uuid import UUID

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone

from accounts import audit
from accounts.audit import Action
from accounts.visible import is_visible
from defender.errors import (
    AppDisabled,
    ConsentMissing,
    DefenderError,
    LicenceMissing,
    MicrosoftFault,
    RoleMissing,
    TenantNotFound,
    Throttled,
    Unreachable,
)
from tenants import cloud
from tenants.models import Customer, Tenant

# ReadWrite.All does not put Read.All into the token: either of the two reads.
READ = {
    "SecurityIncident.Read.All": {"SecurityIncident.Read.All", "SecurityIncident.ReadWrite.All"},
    "SecurityAlert.Read.All": {"SecurityAlert.Read.All", "SecurityAlert.ReadWrite.All"},
}
WRITE = {"SecurityIncident.ReadWrite.All", "SecurityAlert.ReadWrite.All"}

# What passes by itself while Entra spreads a consent that was just given.
PASSING = (
    ConsentMissing,
    RoleMissing,
    AppDisabled,
    TenantNotFound,
    LicenceMissing,
    Throttled,
    MicrosoftFault,
    Unreachable,
)
PAUSE_SECONDS = 5.0
TAKEN = "This directory already belongs to another customer."


class Refused(Exception):
    """The directory cannot be connected; the message says why in one sentence."""


def entra_id(text: str) -> UUID:
    """A directory (tenant) ID as people paste it; Refused when it is none."""
    cleaned = text.strip()
    try:
        value = UUID(cleaned)
    except ValueError:
        value = None
    if value is None or str(value) != cleaned.lower() or not value.int:
        raise Refused(
            f"{cleaned!r} is not a directory (tenant) ID: it looks like 00000000-0000-0000-0000-000000000000."
        )
    return value


def connect(name: str, directory: UUID, *, wait_seconds: float = 0) -> Tenant:
    """Prove consent and keep the directory as connected; Refused, and nothing kept, when the proof fails."""
    refuse_taken(name, directory)
    granted = proof(directory, wait_seconds)
    return record(name, directory, can_write=granted >= WRITE)


def refuse_taken(name: str, directory: UUID) -> None:
    """A directory belongs to one customer; whose it is stays unsaid."""
    if Tenant.objects.filter(entra_id=directory).exclude(customer__name__iexact=cleaned(name)).exists():
        raise Refused(TAKEN)
    customer_of(name)


def customer_of(name: str) -> Customer:
    """The customer of this name, or a new one that is not saved yet; Refused when the name cannot be used."""
    known = Customer.objects.filter(name__iexact=cleaned(name)).first()
    if known is not None:
        return known
    customer = Customer(name=cleaned(name))
    try:
        customer.clean_fields()
    except ValidationError as error:
        raise Refused(f"The customer's name cannot be used: {' '.join(error.messages)}") from error
    return customer


def cleaned(name: str) -> str:
    """The name with single spaces; Refused when it has characters that nobody can see."""
    words = " ".join(name.split())
    if not is_visible(words):
        raise Refused("The customer's name cannot be used: it holds characters that nobody can see.")
    return words


def proof(directory: UUID, wait_seconds: float) -> frozenset[str]:
    """The roles granted, after one call was answered; asks again until `wait_seconds` have passed."""
    deadline = time.monotonic() + wait_seconds
    while True:
        try:
            return proved_roles(str(directory))
        except PASSING as error:
            pause = max(PAUSE_SECONDS, error.retry_after or 0)
            if time.monotonic() + pause > deadline:
                raise Refused(str(error)) from error
            time.sleep(pause)
        except DefenderError as error:
            raise Refused(str(error)) from error


def proved_roles(directory: str) -> frozenset[str]:
    granted = cloud.roles(directory)
    missing = tuple(role for role, either in READ.items() if not granted & either)
    if missing:
        raise RoleMissing(missing)
    cloud.graph_of(directory).get("/security/incidents", top=1)
    return granted


@transaction.atomic
def record(name: str, directory: UUID, *, can_write: bool, domain: str = "") -> Tenant:
    """Keep the directory as the customer's and connected; Refused when it is another's by now."""
    customer = customer_of(name)
    customer.save()
    tenant, _ = Tenant.objects.select_for_update(of=("self",)).get_or_create(
        entra_id=directory, defaults={"customer": customer}
    )
    if tenant.customer_id != customer.pk:
        raise Refused(TAKEN)
    now = timezone.now()
    if tenant.state != Tenant.State.CONNECTED:
        tenant.connected_at = now
    tenant.state, tenant.approved_at, tenant.disconnected_at = Tenant.State.CONNECTED, now, None
    tenant.can_write, tenant.domain = can_write, domain or tenant.domain
    tenant.save()
    record_change(Action.CONNECT, tenant)
    return tenant


def record_change(action: Any, tenant: Tenant) -> None:
    after = {"state": str(tenant.state), "domain": tenant.domain, "can_write": tenant.can_write}
    subject = audit.Subject("directory", str(tenant.entra_id), tenant.customer.name)
    audit.record(action, subject, customer_id=tenant.customer_id, after=after)


@transaction.atomic
def disconnect(directory: UUID) -> Tenant:
    """End the polls of a directory; what was read stays. Refused when it is not ours."""
    tenant = Tenant.objects.filter(entra_id=directory).first()
    if tenant is None:
        raise Refused(f"No directory {directory} is connected.")
    tenant.state = Tenant.State.DISCONNECTED
    tenant.disconnected_at = timezone.now()
    tenant.save(update_fields=["state", "disconnected_at"])
    record_change(Action.DISCONNECT, tenant)
    return tenant


def listed(lines: Iterator[list[str]]) -> list[tuple[str, UUID]]:
    """The (name, directory) pairs of a CSV file, all of them checked before the first is connected."""
    pairs: list[tuple[str, UUID]] = []
    for number, line in enumerate(lines, 1):
        if not any(cell.strip() for cell in line) or (number == 1 and is_heading(line)):
            continue
        if len(line) != 2 or not line[0].strip():
            raise Refused(f"Line {number}: expected a customer's name and a directory (tenant) ID.")
        try:
            pairs.append((line[0].strip(), entra_id(line[1])))
        except Refused as error:
            raise Refused(f"Line {number}: {error}") from error
    return pairs


def is_heading(line: list[str]) -> bool:
    return len(line) == 2 and line[0].strip().lower() in ("name", "customer") and "-" not in line[1]
