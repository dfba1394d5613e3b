"""Evidence on devices: files, processes, registry, sessions."""

from defender.shapes.base import Evidence
from defender.shapes.cloud import AzureResourceEvidence
from defender.shapes.identity import UserEvidence
from defender.shapes.network import IpEvidence, NicEvidence, UrlEvidence
from defender.shapes.values import FileDetails, LoggedOnUser, ResourceAccessEvent, UserAccount, VmMetadata


class DeviceEvidence(Evidence, frozen=True, kw_only=True):
    azure_ad_device_id: str | None = None
    defender_av_status: str | None = None
    device_dns_name: str | None = None
    dns_domain: str | None = None
    first_seen_date_time: str | None = None
    health_status: str | None = None
    host_name: str | None = None
    ip_interfaces: list[str | None] | None = None
    last_external_ip_address: str | None = None
    last_ip_address: str | None = None
    logged_on_users: list[LoggedOnUser | None] | None = None
    mde_device_id: str | None = None
    nt_domain: str | None = None
    onboarding_status: str | None = None
    os_build: int | None = None
    os_platform: str | None = None
    rbac_group_id: int | None = None
    rbac_group_name: str | None = None
    resource_access_events: list[ResourceAccessEvent | None] | None = None
    risk_score: str | None = None
    version: str | None = None
    vm_metadata: VmMetadata | None = None


class FileEvidence(Evidence, frozen=True, kw_only=True):
    detection_status: str | None = None
    file_details: FileDetails | None = None
    mde_device_id: str | None = None


class FileHashEvidence(Evidence, frozen=True, kw_only=True):
    algorithm: str | None = None
    value: str | None = None


class ProcessEvidence(Evidence, frozen=True, kw_only=True):
    detection_status: str | None = None
    image_file: FileDetails | None = None
    mde_device_id: str | None = None
    parent_process_creation_date_time: str | None = None
    parent_process_id: int | None = None
    parent_process_image_file: FileDetails | None = None
    process_command_line: str | None = None
    process_creation_date_time: str | None = None
    process_id: int | None = None
    user_account: UserAccount | None = None


class MalwareEvidence(Evidence, frozen=True, kw_only=True):
    category: str | None = None
    files: list[FileEvidence | None] | None = None
    name: str | None = None
    processes: list[ProcessEvidence | None] | None = None


class RegistryKeyEvidence(Evidence, frozen=True, kw_only=True):
    registry_hive: str | None = None
    registry_key: str | None = None


class RegistryValueEvidence(Evidence, frozen=True, kw_only=True):
    mde_device_id: str | None = None
    registry_hive: str | None = None
    registry_key: str | None = None
    registry_value: str | None = None
    registry_value_name: str | None = None
    registry_value_type: str | None = None


class HostLogonSessionEvidence(Evidence, frozen=True, kw_only=True):
    account: UserEvidence | None = None
    end_utc_date_time: str | None = None
    host: DeviceEvidence | None = None
    session_id: str | None = None
    start_utc_date_time: str | None = None


class IoTDeviceEvidence(Evidence, frozen=True, kw_only=True):
    device_id: str | None = None
    device_name: str | None = None
    device_page_link: str | None = None
    device_sub_type: str | None = None
    device_type: str | None = None
    importance: str | None = None
    io_t_hub: AzureResourceEvidence | None = None
    io_t_security_agent_id: str | None = None
    ip_address: IpEvidence | None = None
    is_authorized: bool | None = None
    is_programming: bool | None = None
    is_scanner: bool | None = None
    mac_address: str | None = None
    manufacturer: str | None = None
    model: str | None = None
    nics: list[NicEvidence | None] | None = None
    operating_system: str | None = None
    owners: list[str | None] | None = None
    protocols: list[str | None] | None = None
    purdue_layer: str | None = None
    sensor: str | None = None
    serial_number: str | None = None
    site: str | None = None
    source: str | None = None
    source_ref: UrlEvidence | None = None
    zone: str | None = None
