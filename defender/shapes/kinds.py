"""The 48 kinds of evidence by Microsoft's discriminator, and the words by which a list shows each."""

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from defender.shapes import cloud, endpoint, identity, kubernetes, mail, network
from defender.shapes.base import Evidence

PREFIX = "#microsoft.graph.security."


class GenericEvidence(Evidence, frozen=True, kw_only=True):
    """Evidence of a kind that is not known here; its raw JSON has the rest."""


KINDS: Mapping[str, type[Evidence]] = {
    "ipEvidence": network.IpEvidence,
    "urlEvidence": network.UrlEvidence,
    "dnsEvidence": network.DnsEvidence,
    "networkConnectionEvidence": network.NetworkConnectionEvidence,
    "nicEvidence": network.NicEvidence,
    "azureResourceEvidence": cloud.AzureResourceEvidence,
    "blobContainerEvidence": cloud.BlobContainerEvidence,
    "blobEvidence": cloud.BlobEvidence,
    "amazonResourceEvidence": cloud.AmazonResourceEvidence,
    "googleCloudResourceEvidence": cloud.GoogleCloudResourceEvidence,
    "sasTokenEvidence": cloud.SasTokenEvidence,
    "cloudApplicationEvidence": cloud.CloudApplicationEvidence,
    "aiAgentEvidence": cloud.AiAgentEvidence,
    "gitHubOrganizationEvidence": cloud.GitHubOrganizationEvidence,
    "gitHubRepoEvidence": cloud.GitHubRepoEvidence,
    "gitHubUserEvidence": cloud.GitHubUserEvidence,
    "userEvidence": identity.UserEvidence,
    "securityGroupEvidence": identity.SecurityGroupEvidence,
    "servicePrincipalEvidence": identity.ServicePrincipalEvidence,
    "oauthApplicationEvidence": identity.OauthApplicationEvidence,
    "activeDirectoryDomainEvidence": identity.ActiveDirectoryDomainEvidence,
    "cloudLogonRequestEvidence": identity.CloudLogonRequestEvidence,
    "cloudLogonSessionEvidence": identity.CloudLogonSessionEvidence,
    "deviceEvidence": endpoint.DeviceEvidence,
    "fileEvidence": endpoint.FileEvidence,
    "fileHashEvidence": endpoint.FileHashEvidence,
    "processEvidence": endpoint.ProcessEvidence,
    "malwareEvidence": endpoint.MalwareEvidence,
    "registryKeyEvidence": endpoint.RegistryKeyEvidence,
    "registryValueEvidence": endpoint.RegistryValueEvidence,
    "hostLogonSessionEvidence": endpoint.HostLogonSessionEvidence,
    "ioTDeviceEvidence": endpoint.IoTDeviceEvidence,
    "analyzedMessageEvidence": mail.AnalyzedMessageEvidence,
    "mailboxEvidence": mail.MailboxEvidence,
    "mailboxConfigurationEvidence": mail.MailboxConfigurationEvidence,
    "mailClusterEvidence": mail.MailClusterEvidence,
    "submissionMailEvidence": mail.SubmissionMailEvidence,
    "teamsMessageEvidence": mail.TeamsMessageEvidence,
    "containerRegistryEvidence": kubernetes.ContainerRegistryEvidence,
    "containerImageEvidence": kubernetes.ContainerImageEvidence,
    "kubernetesClusterEvidence": kubernetes.KubernetesClusterEvidence,
    "kubernetesNamespaceEvidence": kubernetes.KubernetesNamespaceEvidence,
    "kubernetesServiceAccountEvidence": kubernetes.KubernetesServiceAccountEvidence,
    "kubernetesSecretEvidence": kubernetes.KubernetesSecretEvidence,
    "kubernetesControllerEvidence": kubernetes.KubernetesControllerEvidence,
    "containerEvidence": kubernetes.ContainerEvidence,
    "kubernetesPodEvidence": kubernetes.KubernetesPodEvidence,
    "kubernetesServiceEvidence": kubernetes.KubernetesServiceEvidence,
}

# Dotted paths, the first that leads to something counts: first for the name, then for the second line.
LABELS: Mapping[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "activeDirectoryDomain": (("active_directory_domain_name",), ()),
    "aiAgent": (("agent_name", "agent_id"), ("hosting_platform_type", "instructions")),
    "amazonResource": (("resource_name", "amazon_resource_id"), ("resource_type",)),
    "analyzedMessage": (("subject", "network_message_id"), ()),
    "azureResource": (("resource_name", "resource_id"), ("resource_type",)),
    "blob": (("name", "url"), ("url",)),
    "blobContainer": (("name", "url"), ("url",)),
    "cloudApplication": (("display_name", "instance_name"), ("instance_name",)),
    "cloudLogonRequest": (("request_id",), ()),
    "cloudLogonSession": (("session_id", "device_name"), ("user_agent", "browser")),
    "container": (("name", "container_id"), ("image.image_id", "container_id")),
    "containerImage": (("image_id",), ("registry.registry",)),
    "containerRegistry": (("registry",), ()),
    "device": (("device_dns_name", "host_name", "mde_device_id"), ("os_platform", "last_ip_address")),
    "dns": (("domain_name",), ("host_ip_address.ip_address",)),
    "file": (("file_details.file_name", "file_details.sha256"), ("file_details.file_path", "file_details.sha256")),
    "fileHash": (("value",), ("algorithm",)),
    "gitHubOrganization": (("login", "display_name"), ("web_url",)),
    "gitHubRepo": (("repo_id", "base_url"), ("base_url", "owner")),
    "gitHubUser": (("login", "name"), ("email",)),
    "googleCloudResource": (("resource_name", "full_resource_name"), ("resource_type",)),
    "hostLogonSession": (("session_id",), ("host.host_name",)),
    "ioTDevice": (("device_name", "device_id"), ("device_type", "manufacturer")),
    "ip": (("ip_address",), ("location.country_name", "country_letter_code")),
    "kubernetesCluster": (("name",), ("platform",)),
    "kubernetesController": (("name",), ("type",)),
    "kubernetesNamespace": (("name",), ("cluster.name",)),
    "kubernetesPod": (("name",), ("namespace.name",)),
    "kubernetesSecret": (("name",), ("secret_type",)),
    "kubernetesService": (("name",), ("service_type",)),
    "kubernetesServiceAccount": (("name",), ("namespace.name",)),
    "mailCluster": (("cluster_by_value", "cluster_by"), ("query",)),
    "mailbox": (("primary_address", "upn"), ("display_name",)),
    "mailboxConfiguration": (("display_name", "configuration_id"), ("mailbox_primary_address", "configuration_type")),
    "malware": (("name",), ("category",)),
    "networkConnection": (("destination_address.ip_address",), ()),
    "nic": (("mac_address",), ("ip_address.ip_address",)),
    "oauthApplication": (("display_name", "app_id"), ("publisher", "app_id")),
    "process": (("image_file.file_name", "process_command_line"), ("process_command_line", "image_file.file_path")),
    "registryKey": (("registry_key",), ("registry_hive",)),
    "registryValue": (("registry_value_name", "registry_key"), ("registry_value", "registry_key")),
    "sasToken": (("signature_hash",), ("allowed_ip_addresses",)),
    "securityGroup": (("display_name", "friendly_name", "security_group_id"), ("distinguished_name",)),
    "servicePrincipal": (("service_principal_name", "app_id"), ("service_principal_type",)),
    "submissionMail": (("subject", "network_message_id"), ()),
    "teamsMessage": (("subject", "message_id"), ("sender_from_address",)),
    "url": (("url",), ()),
    "user": (
        ("user_account.user_principal_name", "user_account.account_name", "user_account.display_name"),
        ("user_account.display_name", "user_account.domain_name"),
    ),
}


@lru_cache(maxsize=1024)
def short(odata_type: str | None) -> str:
    return (odata_type or "").removeprefix(PREFIX).removesuffix("Evidence") or "unknown"


def kind(item: Evidence) -> str:
    """The short name, like device, user or ip: Microsoft's discriminator without its prefix and ending."""
    return short(item.odata_type)


def name(item: Evidence) -> str:
    return label(item)[1]


def detail(item: Evidence) -> str:
    return label(item)[2]


def label(item: Evidence) -> tuple[str, str, str]:
    """Kind, name and second line, as a list shows the item; a line that only repeats the name is ''."""
    known = kind(item)
    names, lines = PATHS.get(known, NONE)
    named = first(item, names)
    if known in ENDS:
        return known, named, " → ".join(end for path in ENDS[known] if (end := first(item, (path,))))
    line = first(item, lines)
    return known, named, line if line != named else ""


def first(item: Evidence, paths: tuple[tuple[str, ...], ...]) -> str:
    for path in paths:
        value: Any = item
        for step in path:
            value = getattr(value, step, None)
        if isinstance(value, str) and value:
            return value
    return ""


def taken_apart(paths: tuple[str, ...]) -> tuple[tuple[str, ...], ...]:
    return tuple(tuple(path.split(".")) for path in paths)


NONE: tuple[tuple[tuple[str, ...], ...], ...] = ((), ())
PATHS = {short: (taken_apart(names), taken_apart(lines)) for short, (names, lines) in LABELS.items()}
# Who sent what to whom; with one end unknown the other stands alone.
ENDS = {
    "analyzedMessage": taken_apart(("p1_sender.email_address", "recipient_email_address")),
    "networkConnection": taken_apart(("source_address.ip_address", "destination_address.ip_address")),
    "submissionMail": taken_apart(("sender", "recipient")),
}
