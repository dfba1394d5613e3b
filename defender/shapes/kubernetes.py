"""Evidence in containers and Kubernetes."""

from typing import Any

from msgspec import field

from defender.shapes.base import Evidence
from defender.shapes.network import IpEvidence
from defender.shapes.values import KubernetesServicePort


class ContainerRegistryEvidence(Evidence, frozen=True, kw_only=True):
    registry: str | None = None


class ContainerImageEvidence(Evidence, frozen=True, kw_only=True):
    digest_image: "ContainerImageEvidence | None" = None
    image_id: str | None = None
    registry: ContainerRegistryEvidence | None = None


class KubernetesClusterEvidence(Evidence, frozen=True, kw_only=True):
    cloud_resource: dict[str, Any] | None = None
    distribution: str | None = None
    name: str | None = None
    platform: str | None = None
    version: str | None = None


class KubernetesNamespaceEvidence(Evidence, frozen=True, kw_only=True):
    cluster: KubernetesClusterEvidence | None = None
    labels: dict[str, Any] | None = None
    name: str | None = None


class KubernetesServiceAccountEvidence(Evidence, frozen=True, kw_only=True):
    name: str | None = None
    namespace: KubernetesNamespaceEvidence | None = None


class KubernetesSecretEvidence(Evidence, frozen=True, kw_only=True):
    name: str | None = None
    namespace: KubernetesNamespaceEvidence | None = None
    secret_type: str | None = None


class KubernetesControllerEvidence(Evidence, frozen=True, kw_only=True):
    labels: dict[str, Any] | None = None
    name: str | None = None
    namespace: KubernetesNamespaceEvidence | None = None
    type: str | None = None


class ContainerEvidence(Evidence, frozen=True, kw_only=True):
    args: list[str | None] | None = None
    command: list[str | None] | None = None
    container_id: str | None = None
    image: ContainerImageEvidence | None = None
    is_privileged: bool | None = None
    name: str | None = None
    pod: "KubernetesPodEvidence | None" = None


class KubernetesPodEvidence(Evidence, frozen=True, kw_only=True):
    containers: list[ContainerEvidence | None] | None = None
    controller: KubernetesControllerEvidence | None = None
    ephemeral_containers: list[ContainerEvidence | None] | None = None
    init_containers: list[ContainerEvidence | None] | None = None
    labels: dict[str, Any] | None = None
    name: str | None = None
    namespace: KubernetesNamespaceEvidence | None = None
    pod_ip: IpEvidence | None = None
    service_account: KubernetesServiceAccountEvidence | None = None


class KubernetesServiceEvidence(Evidence, frozen=True, kw_only=True):
    cluster_ip: IpEvidence | None = field(default=None, name="clusterIP")
    external_i_ps: list[IpEvidence | None] | None = None
    labels: dict[str, Any] | None = None
    name: str | None = None
    namespace: KubernetesNamespaceEvidence | None = None
    selector: dict[str, Any] | None = None
    service_ports: list[KubernetesServicePort | None] | None = None
    service_type: str | None = None
