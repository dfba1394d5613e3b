"""Attack stories: what happens, how bad it is, which product sees it, and what it leaves behind."""

from dataclasses import dataclass

D = "microsoftDefenderFor"


@dataclass(frozen=True)
class Step:
    """One alert: title with the cast's words in it, ATT&CK technique, evidence, minutes after the story began."""

    title: str
    category: str
    techniques: tuple[str, ...]
    evidence: tuple[str, ...]
    minutes: int = 0


@dataclass(frozen=True)
class Story:
    title: str
    severity: str
    source: str
    detection: str
    product: str
    steps: tuple[Step, ...]


STORIES = (
    Story("Sign-in session of {user} replayed from {attacker_ip}", "high", "azureAdIdentityProtection", "azureAdIdentityProtection", "Microsoft Entra ID Protection", (
        Step("Unfamiliar sign-in by {user} from {attacker_ip}", "InitialAccess", ("T1078.004",), ("user", "ip", "cloudLogonSession", "cloudLogonRequest")),
        Step("Inbox rule forwards the mail of {user}", "Collection", ("T1114.003",), ("user", "mailbox", "mailboxConfiguration"), 7))),
    Story("Ransomware preparations on {device} and {server}", "high", f"{D}Endpoint", f"{D}Endpoint", "Microsoft Defender for Endpoint", (
        Step("{file} started on {device}", "Execution", ("T1204.002",), ("device", "file", "process", "user")),
        Step("Shadow copies deleted on {server}", "Impact", ("T1490",), ("server", "process", "user"), 9),
        Step("{device} reached {attacker_ip}", "CommandAndControl", ("T1071.001",), ("device", "networkConnection", "dns", "ip"), 14))),
    Story("{application} was granted access to the mail of {user}", "high", f"{D}CloudApps", "cloudAppSecurity", "Microsoft Defender for Cloud Apps", (
        Step("Unverified application {application} got consent of {user}", "Persistence", ("T1528",), ("user", "oauthApplication", "servicePrincipal", "cloudApplication")),)),
    Story("Password spray from {attacker_ip} against {domain}", "medium", f"{D}Identity", f"{D}Identity", "Microsoft Defender for Identity", (
        Step("Many failed sign-ins from {attacker_ip}", "CredentialAccess", ("T1110.003",), ("ip", "user", "activeDirectoryDomain")),)),
    Story("Malware {file} blocked on {device}", "low", f"{D}Endpoint", "antivirus", "Microsoft Defender for Endpoint", (
        Step("{file} was detected on {device}", "Malware", (), ("device", "file", "fileHash", "malware", "user")),)),
    Story("Lateral movement from {device} to {server}", "high", f"{D}Identity", f"{D}Identity", "Microsoft Defender for Identity", (
        Step("Stolen hash of {user} used against {server}", "LateralMovement", ("T1550.002",), ("user", "device", "server", "hostLogonSession")),
        Step("{user} was added to an administrators group", "PrivilegeEscalation", ("T1098",), ("user", "securityGroup"), 12))),
    Story("Privileged container on the cluster of {domain}, number {number}", "medium", f"{D}Cloud", f"{D}Containers", "Microsoft Defender for Cloud", (
        Step("Container {number} escaped to its node", "PrivilegeEscalation", ("T1611",), ("container", "containerImage", "containerRegistry", "kubernetesPod", "kubernetesNamespace", "kubernetesCluster", "kubernetesController")),
        Step("Secrets of namespace {number} were listed", "CredentialAccess", ("T1552.007",), ("kubernetesSecret", "kubernetesServiceAccount", "kubernetesService", "ip"), 5))),
    Story("Storage of {domain} read with a shared key from {attacker_ip}", "medium", f"{D}Cloud", f"{D}Storage", "Microsoft Defender for Cloud", (
        Step("Unusual download from storage by {attacker_ip}", "Exfiltration", ("T1530",), ("blob", "blobContainer", "azureResource", "sasToken", "ip")),)),
    Story("{user} downloaded an unusual number of files", "medium", "dataLossPrevention", "microsoftDataLossPrevention", "Microsoft Purview", (
        Step("Mass download by {user}", "Exfiltration", ("T1567",), ("user", "cloudApplication", "device")),)),
    Story("Teams message to {user} from a false help desk", "medium", f"{D}Office365", f"{D}Office365", "Microsoft Defender for Office 365", (
        Step("Phishing in Teams reached {user}", "InitialAccess", ("T1566.003",), ("teamsMessage", "url", "user")),)),
    Story("{user} reported mail as phishing: {subject}", "informational", f"{D}Office365", f"{D}Office365", "Microsoft Defender for Office 365", (
        Step("{subject} reported by {user}", "InitialAccess", ("T1566.002",), ("submissionMail", "analyzedMessage", "mailCluster", "mailbox", "url")),)),
    Story("Key published in a repository by {user}", "low", "microsoftSentinel", "microsoftSentinel", "Microsoft Sentinel", (
        Step("Secret number {number} found in a repository of {user}", "CredentialAccess", ("T1552.001",), ("gitHubUser", "gitHubRepo", "gitHubOrganization", "user")),)),
    Story("Camera {number} contacted {attacker_ip}", "low", f"{D}Endpoint", f"{D}IoT", "Microsoft Defender for IoT", (
        Step("Camera {number} uses an unknown protocol", "Discovery", ("T1046",), ("ioTDevice", "nic", "ip")),)),
    Story("Instructions to the assistant of {user} were overwritten", "medium", "microsoftSecurityForAI", f"{D}AIServices", "Microsoft Security for AI", (
        Step("Prompt injection through a document of {user}", "Execution", ("T1059",), ("aiAgent", "user", "file")),)),
    Story("Start-up entry for {file} on {device}", "low", f"{D}Endpoint", "customDetection", "Microsoft Defender for Endpoint", (
        Step("{file} was added to the start of {device}", "Persistence", ("T1547.001",), ("device", "registryKey", "registryValue", "file")),)),
    Story("Cloud machines of {domain} were enumerated, number {number}", "informational", f"{D}Cloud", f"{D}ResourceManager", "Microsoft Defender for Cloud", (
        Step("Resources were listed across clouds by {user}", "Discovery", ("T1580",), ("amazonResource", "googleCloudResource", "azureResource", "user")),)),
)  # fmt: skip
