"""Stories about clouds, containers and source code."""

from simulator.stories.shapes import Step, Story

CLOUD = "Microsoft Defender for Cloud"
CONTAINER = Story(
    "container",
    "Privileged container in {pod} on cluster {cluster}",
    "medium",
    "microsoftDefenderForCloud",
    "microsoftDefenderForContainers",
    CLOUD,
    "Stop {pod}, renew the secrets of its namespace and replace the node.",
    (
        Step(
            "Container in {pod} escaped to its node",
            "A container with the node's file system mounted started a shell.",
            "PrivilegeEscalation",
            ("T1611",),
            (
                "container",
                "containerImage",
                "containerRegistry",
                "kubernetesPod",
                "kubernetesNamespace",
                "kubernetesCluster",
                "kubernetesController",
            ),
        ),
        Step(
            "Secrets listed on cluster {cluster}",
            "The service account of the pod read secrets that it never used before.",
            "CredentialAccess",
            ("T1552.007",),
            ("kubernetesSecret", "kubernetesServiceAccount", "kubernetesService", "ip"),
            5,
        ),
    ),
)
STORAGE = Story(
    "storage",
    "Storage {storage} read with a shared key from {attacker_ip}",
    "medium",
    "microsoftDefenderForCloud",
    "microsoftDefenderForStorage",
    CLOUD,
    "Rotate the keys of {storage}, which makes the signature invalid.",
    (
        Step(
            "Unusual download from {storage} by {attacker_ip}",
            "A signature with wide rights was used from an unknown address.",
            "Exfiltration",
            ("T1530",),
            ("blob", "blobContainer", "azureResource", "sasToken", "ip"),
        ),
    ),
)
INVENTORY = Story(
    "inventory",
    "Cloud machines enumerated by {user} from {attacker_ip}",
    "informational",
    "microsoftDefenderForCloud",
    "microsoftDefenderForResourceManager",
    CLOUD,
    "Ask {user} whether an inventory tool was tried.",
    (
        Step(
            "Resources of several clouds were listed by {user}",
            "One account read the lists of machines of three clouds within minutes.",
            "Discovery",
            ("T1580",),
            ("amazonResource", "googleCloudResource", "azureResource", "user", "ip"),
        ),
    ),
)
REPOSITORY = Story(
    "repository",
    "Key published in repository {repository} by {user}",
    "low",
    "microsoftSentinel",
    "scheduledAlerts",
    "Microsoft Sentinel",
    "Withdraw the key first, then clean the history of {repository}.",
    (
        Step(
            "Secret found in {repository}",
            "A commit by {user} holds a key of a cloud account.",
            "CredentialAccess",
            ("T1552.001",),
            ("gitHubUser", "gitHubRepo", "gitHubOrganization", "user"),
        ),
    ),
)
ANALYTICS = Story(
    "analytics",
    "Firewall of {domain} let {attacker_ip} in",
    "unknown",
    "microsoftSentinel",
    "nrtAlerts",
    "Microsoft Sentinel",
    "Check the rule of the firewall that let {attacker_ip} in.",
    (
        Step(
            "Address {attacker_ip} of the watch list reached {device}",
            "A rule of {domain} compares the firewall log with a watch list.",
            "InitialAccess",
            ("T1190",),
            ("ip", "device", "activeDirectoryDomain"),
        ),
    ),
)
