"""Customers and their directories, the links by which they approve us, and what one installation has once."""

from tenants.models.customers import Customer, CustomerGroup, Tenant
from tenants.models.installation import CredentialStatus, MicrosoftCloud
from tenants.models.invitations import ConsentState, Invitation, InvitationEvent, consent_end, link_end

__all__ = [
    "ConsentState",
    "CredentialStatus",
    "Customer",
    "CustomerGroup",
    "Invitation",
    "InvitationEvent",
    "MicrosoftCloud",
    "Tenant",
    "consent_end",
    "link_end",
]
