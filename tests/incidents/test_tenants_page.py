"""Staff see how each tenant stands, worst first; administrators act on it, and nobody sees another's customers."""

from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.test import Client
from django.utils import timezone
from playwright.sync_api import Browser

from accounts.models import User
from incidents import tenant_conditions as conditions
from incidents import tenant_list
from incidents.models import Incident, SyncState
from tenants import invitations
from tenants.models import Customer, Invitation, InvitationEvent, Tenant
from tests.test_line import AXE, signed_in

pytestmark = pytest.mark.django_db
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)


def ago(age: timedelta) -> Any:
    return timezone.now() - age


def connected(name: str, *, age: timedelta = 10 * DAY, read: timedelta | None = MINUTE, **error: Any) -> Tenant:
    """A directory that was read so long ago; `error` is what its incidents say."""
    customer, _ = Customer.objects.get_or_create(name=name)
    domain = f"{name.lower().replace(' ', '')}.example"
    tenant = Tenant.objects.create(customer=customer, entra_id=uuid4(), domain=domain, connected_at=ago(age))
    for stream in SyncState.Stream.values:
        SyncState.objects.create(
            customer=customer, tenant=tenant, stream=stream, completed_at=read and ago(read),
            **(error if stream == "incidents" else {}),
        )  # fmt: skip
    return tenant


def invited(name: str, by: User | None = None, *, age: timedelta = HOUR, **fields: Any) -> Invitation:
    made = invitations.invite(name, f"it@{name.lower().replace(' ', '')}.example", by=by)
    Invitation.objects.filter(pk=made.pk).update(**({"created_at": ago(age)} | fields))
    made.events.update(at=ago(age))
    made.refresh_from_db()
    return made


def approved(tenant: Tenant, **fields: Any) -> Invitation:
    made = invited(tenant.customer.name, used_at=tenant.connected_at, tenant=tenant, entra_id=tenant.entra_id, **fields)
    invitations.note(made, InvitationEvent.Kind.CONSENTED, made.approver)
    return made


def fault(kind: str, owner: str = "customer", sentence: str = "It went wrong.") -> dict[str, Any]:
    return {"error_kind": kind, "error_owner": owner, "error": sentence, "failed_at": ago(3 * HOUR)}


def keys(user: User) -> dict[str, str]:
    """The condition of each row that the person sees, in order."""
    return {row.customer.name: row.condition.key for row in tenant_list.listing(user)}


@pytest.fixture
def everyone(operator: User) -> None:
    """One tenant of every condition."""
    approved(connected("Brightwater Foods"), approver="t.nilsson@brightwater.example")
    connected("Kestrel Logistics", read=20 * MINUTE)
    connected("Stellan Manufacturing", read=2 * MINUTE, **fault("throttled", "microsoft", "Too many requests."))
    connected("Arbor Dental Group", age=MINUTE, read=None)
    revoked = connected("Mora Clinics", read=3 * HOUR, **fault("app_disabled", sentence="The application is disabled in the directory."))
    approved(revoked, approver="admin@mora.example", created_by=operator)
    connected("Orchard & Pine LLP", read=DAY, **fault("licence_missing", sentence="The directory has no licence."))
    connected("Tideline Shipping", read=None, age=DAY, **fault("role_missing", sentence="The consent lacks the application role SecurityAlert.Read.All."))
    connected("Quayside Legal", age=DAY, read=None, **fault("licence_missing", sentence="The directory has no licence."))
    Tenant.objects.filter(pk=connected("Old Mill").pk).update(state="disconnected", disconnected_at=ago(DAY))
    visited = invited("Vesper Hotels", operator, age=2 * DAY)
    invitations.note_visit(visited, InvitationEvent.Kind.OPENED, "Edg/140")
    invitations.note_visit(visited, InvitationEvent.Kind.OPENED, "Firefox/140")
    stopped = invited("Harbour Pilots", operator, error_kind="not_administrator", error="An administrator has to approve", error_code="AADSTS90094")
    invitations.note(stopped, InvitationEvent.Kind.NOT_ADMINISTRATOR, code="AADSTS90094")
    invited("Nordal Press", operator, error_kind="declined", error="You have not approved", error_code="AADSTS65004")
    invited("Fjordline Marine", operator, age=15 * DAY, expires_at=ago(DAY))
    began = {"proof_began_at": ago(MINUTE), "entra_id": uuid4(), "approver": "boss@somewhere.example"}
    invited("Sund Ferries", operator, proof_due_at=ago(MINUTE), **began)
    invited("Ekeby Steel", operator, proof_due_at=ago(MINUTE), error_kind="ours", error="Our credential has expired.", **began)
    invited("Lagoon Spa", operator, error_kind="role_missing", error="The consent lacks the application role SecurityAlert.Read.All.", **began | {"entra_id": uuid4()})
    invitations.cancel(invited("Lindqvist Bygg", operator), operator)
    Customer.objects.create(name="Unasked")


EXPECTED = {
    "Mora Clinics": "revoked", "Tideline Shipping": "revoked", "Orchard & Pine LLP": "stopped",
    "Quayside Legal": "import_stopped", "Lagoon Spa": "failed", "Ekeby Steel": "held_up",
    "Harbour Pilots": "not_approved", "Nordal Press": "declined", "Fjordline Marine": "expired",
    "Vesper Hotels": "waiting", "Sund Ferries": "proving", "Arbor Dental Group": "importing",
    "Brightwater Foods": "live", "Kestrel Logistics": "live", "Stellan Manufacturing": "live", "Unasked": "uninvited",
    "Lindqvist Bygg": "cancelled", "Old Mill": "disconnected",
}  # fmt: skip
