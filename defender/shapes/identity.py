"""Evidence about people, groups, applications and their sessions."""

from defender.shapes.base import Evidence
from defender.shapes.values import Stream, UserAccount


class UserEvidence(Evidence, frozen=True, kw_only=True):
    stream: Stream | None = None
    user_account: UserAccount | None = None


class SecurityGroupEvidence(Evidence, frozen=True, kw_only=True):
    active_directory_object_guid: str | None = None
    display_name: str | None = None
    distinguished_name: str | None = None
    friendly_name: str | None = None
    security_group_id: str | None = None
    sid: str | None = None


class ServicePrincipalEvidence(Evidence, frozen=True, kw_only=True):
    app_id: str | None = None
    app_owner_tenant_id: str | None = None
    service_principal_name: str | None = None
    service_principal_object_id: str | None = None
    service_principal_type: str | None = None
    tenant_id: str | None = None


class OauthApplicationEvidence(Evidence, frozen=True, kw_only=True):
    app_id: str | None = None
    display_name: str | None = None
    object_id: str | None = None
    publisher: str | None = None


class ActiveDirectoryDomainEvidence(Evidence, frozen=True, kw_only=True):
    active_directory_domain_name: str | None = None
    trusted_domains: "list[ActiveDirectoryDomainEvidence | None] | None" = None


class CloudLogonRequestEvidence(Evidence, frozen=True, kw_only=True):
    request_id: str | None = None


class CloudLogonSessionEvidence(Evidence, frozen=True, kw_only=True):
    account: UserEvidence | None = None
    browser: str | None = None
    device_name: str | None = None
    operating_system: str | None = None
    previous_logon_date_time: str | None = None
    protocol: str | None = None
    session_id: str | None = None
    start_utc_date_time: str | None = None
    user_agent: str | None = None
