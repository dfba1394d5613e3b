"""Evidence in clouds, applications and repositories."""

from defender.shapes.base import Evidence
from defender.shapes.values import FileHash, Stream


class AzureResourceEvidence(Evidence, frozen=True, kw_only=True):
    resource_id: str | None = None
    resource_name: str | None = None
    resource_type: str | None = None


class BlobContainerEvidence(Evidence, frozen=True, kw_only=True):
    name: str | None = None
    storage_resource: AzureResourceEvidence | None = None
    url: str | None = None


class BlobEvidence(Evidence, frozen=True, kw_only=True):
    blob_container: BlobContainerEvidence | None = None
    etag: str | None = None
    file_hashes: list[FileHash | None] | None = None
    name: str | None = None
    url: str | None = None


class AmazonResourceEvidence(Evidence, frozen=True, kw_only=True):
    amazon_account_id: str | None = None
    amazon_resource_id: str | None = None
    resource_name: str | None = None
    resource_type: str | None = None


class GoogleCloudResourceEvidence(Evidence, frozen=True, kw_only=True):
    full_resource_name: str | None = None
    location: str | None = None
    location_type: str | None = None
    project_id: str | None = None
    project_number: int | None = None
    resource_name: str | None = None
    resource_type: str | None = None


class SasTokenEvidence(Evidence, frozen=True, kw_only=True):
    allowed_ip_addresses: str | None = None
    allowed_resource_types: list[str | None] | None = None
    allowed_services: list[str | None] | None = None
    expiry_date_time: str | None = None
    permissions: list[str | None] | None = None
    protocol: str | None = None
    signature_hash: str | None = None
    signed_with: str | None = None
    start_date_time: str | None = None
    storage_resource: AzureResourceEvidence | None = None


class CloudApplicationEvidence(Evidence, frozen=True, kw_only=True):
    app_id: int | None = None
    display_name: str | None = None
    instance_id: int | None = None
    instance_name: str | None = None
    saas_app_id: int | None = None
    stream: Stream | None = None


class AiAgentEvidence(Evidence, frozen=True, kw_only=True):
    agent_id: str | None = None
    agent_name: str | None = None
    hosting_platform_type: str | None = None
    instructions: str | None = None


class GitHubOrganizationEvidence(Evidence, frozen=True, kw_only=True):
    company: str | None = None
    display_name: str | None = None
    email: str | None = None
    login: str | None = None
    org_id: str | None = None
    web_url: str | None = None


class GitHubRepoEvidence(Evidence, frozen=True, kw_only=True):
    base_url: str | None = None
    login: str | None = None
    owner: str | None = None
    owner_type: str | None = None
    repo_id: str | None = None


class GitHubUserEvidence(Evidence, frozen=True, kw_only=True):
    email: str | None = None
    login: str | None = None
    name: str | None = None
    user_id: str | None = None
    web_url: str | None = None
