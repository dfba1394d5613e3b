"""Small complex types that evidence is made of."""

from defender.shapes.base import Shape


class EmailSender(Shape, frozen=True, kw_only=True):
    display_name: str | None = None
    domain_name: str | None = None
    email_address: str | None = None


class FileDetails(Shape, frozen=True, kw_only=True):
    file_name: str | None = None
    file_path: str | None = None
    file_publisher: str | None = None
    file_size: int | None = None
    issuer: str | None = None
    md5: str | None = None
    sha1: str | None = None
    sha256: str | None = None
    sha256_ac: str | None = None
    signer: str | None = None


class FileHash(Shape, frozen=True, kw_only=True):
    algorithm: str | None = None
    value: str | None = None


class GeoLocation(Shape, frozen=True, kw_only=True):
    city: str | None = None
    country_name: str | None = None
    latitude: float | None = None
    longitude: float | None = None
    state: str | None = None


class KubernetesServicePort(Shape, frozen=True, kw_only=True):
    app_protocol: str | None = None
    name: str | None = None
    node_port: int | None = None
    port: int | None = None
    protocol: str | None = None
    target_port: str | None = None


class LoggedOnUser(Shape, frozen=True, kw_only=True):
    account_name: str | None = None
    domain_name: str | None = None


class ResourceAccessEvent(Shape, frozen=True, kw_only=True):
    access_date_time: str | None = None
    account_id: str | None = None
    ip_address: str | None = None
    resource_identifier: str | None = None


class Stream(Shape, frozen=True, kw_only=True):
    name: str | None = None


class UserAccount(Shape, frozen=True, kw_only=True):
    account_name: str | None = None
    active_directory_object_guid: str | None = None
    azure_ad_user_id: str | None = None
    display_name: str | None = None
    domain_name: str | None = None
    resource_access_events: list[ResourceAccessEvent | None] | None = None
    tenant_id: str | None = None
    user_principal_name: str | None = None
    user_sid: str | None = None


class VmMetadata(Shape, frozen=True, kw_only=True):
    cloud_provider: str | None = None
    resource_id: str | None = None
    subscription_id: str | None = None
    vm_id: str | None = None
