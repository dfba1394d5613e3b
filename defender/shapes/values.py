"""Small complex types that evidence is made of."""

from defender.shapes.base import Shape


class EmailSender(Shape):
    display_name: str | None = None
    domain_name: str | None = None
    email_address: str | None = None


class FileDetails(Shape):
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


class FileHash(Shape):
    algorithm: str | None = None
    value: str | None = None


class GeoLocation(Shape):
    city: str | None = None
    country_name: str | None = None
    latitude: float | None = None
    longitude: float | None = None
    state: str | None = None


class KubernetesServicePort(Shape):
    app_protocol: str | None = None
    name: str | None = None
    node_port: int | None = None
    port: int | None = None
    protocol: str | None = None
    target_port: str | None = None


class LoggedOnUser(Shape):
    account_name: str | None = None
    domain_name: str | None = None


class ResourceAccessEvent(Shape):
    access_date_time: str | None = None
    account_id: str | None = None
    ip_address: str | None = None
    resource_identifier: str | None = None


class Stream(Shape):
    name: str | None = None


class UserAccount(Shape):
    account_name: str | None = None
    active_directory_object_guid: str | None = None
    azure_ad_user_id: str | None = None
    display_name: str | None = None
    domain_name: str | None = None
    resource_access_events: list[ResourceAccessEvent | None] | None = None
    tenant_id: str | None = None
    user_principal_name: str | None = None
    user_sid: str | None = None


class VmMetadata(Shape):
    cloud_provider: str | None = None
    resource_id: str | None = None
    subscription_id: str | None = None
    vm_id: str | None = None
