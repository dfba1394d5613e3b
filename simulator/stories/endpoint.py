"""Stories that begin on a machine."""

from simulator.stories.shapes import Step, Story

ENDPOINT = ("microsoftDefenderForEndpoint", "microsoftDefenderForEndpoint", "Microsoft Defender for Endpoint")
RANSOMWARE = Story(
    "ransomware",
    "Ransomware preparations on {device} and {server}",
    "high",
    *ENDPOINT,
    "Isolate {device}. Check that the backups of {server} can be restored. Reset the password of {user}.",
    (
        Step(
            "{file} started on {device}",
            "A file that no other device of the organisation has run was opened from the download folder of {user}.",
            "Execution",
            ("T1204.002",),
            ("device", "file", "process", "user"),
        ),
        Step(
            "Shadow copies deleted on {server}",
            "A command removed the restore points of {server}. This often comes shortly before files are encrypted.",
            "Impact",
            ("T1490",),
            ("server", "process", "user"),
            9,
        ),
        Step(
            "{device} reached {attacker_ip}",
            "The device keeps a regular connection to an address that is known for remote control.",
            "CommandAndControl",
            ("T1071.001",),
            ("device", "networkConnection", "dns", "ip"),
            14,
        ),
    ),
)
MALWARE = Story(
    "malware",
    "Malware {file} blocked on {device}",
    "low",
    "microsoftDefenderForEndpoint",
    "antivirus",
    ENDPOINT[2],
    "No action is needed unless the file comes back. Ask {user} where it came from.",
    (
        Step(
            "{file} was detected on {device}",
            "The antivirus stopped the file before it ran and put it into quarantine.",
            "Malware",
            ("T1204.002",),
            ("device", "file", "fileHash", "malware", "user"),
        ),
    ),
)
PERSISTENCE = Story(
    "startup",
    "Start-up entry for {file} on {device}",
    "low",
    "microsoftDefenderForEndpoint",
    "customDetection",
    ENDPOINT[2],
    "Remove the registry value and the file, then scan {device}.",
    (
        Step(
            "{file} was added to the start of {device}",
            "A registry value makes the file run at each sign-in. A detection rule of the organisation looks for it.",
            "Persistence",
            ("T1547.001",),
            ("device", "registryKey", "registryValue", "file"),
        ),
    ),
)
CAMERA = Story(
    "camera",
    "Device {camera} contacted {attacker_ip}",
    "low",
    "microsoftDefenderForEndpoint",
    "microsoftDefenderForIoT",
    "Microsoft Defender for IoT",
    "Move {camera} to a network without internet and renew its firmware.",
    (
        Step(
            "{camera} uses a protocol that it never used before",
            "A camera began to look for other services of its network.",
            "Discovery",
            ("T1046",),
            ("ioTDevice", "nic"),
        ),
        Step(
            "{camera} sent data to {attacker_ip}",
            "An unusual amount of data left the network from the camera.",
            "CommandAndControl",
            ("T1095",),
            ("ioTDevice", "ip", "networkConnection"),
            22,
        ),
    ),
)
EXPERTS = Story(
    "experts",
    "Hands-on activity on {server} by {user}",
    "high",
    "microsoft365Defender",
    "microsoftThreatExperts",
    "Microsoft Defender Experts",
    "Answer the question of the experts in the incident's comments. Keep {server} isolated until then.",
    (
        Step(
            "Credential material read on {server}",
            "The memory of the sign-in service was read by a tool that is not part of the system.",
            "CredentialAccess",
            ("T1003.001",),
            ("server", "process", "file", "user"),
        ),
        Step(
            "Security log cleared on {server}",
            "The event log was cleared a few minutes after the credentials were read.",
            "DefenseEvasion",
            ("T1070.001",),
            ("server", "process"),
            6,
        ),
    ),
)
INFRASTRUCTURE = Story(
    "infrastructure",
    "Connection of {device} to known attacker infrastructure {attacker_domain}",
    "medium",
    "microsoftThreatIntelligence",
    "microsoftThreatIntelligence",
    "Microsoft Defender Threat Intelligence",
    "Block {attacker_domain} and look for other devices that asked for it.",
    (
        Step(
            "{device} resolved {attacker_domain}",
            "The name belongs to a set of servers that a tracked group rents.",
            "CommandAndControl",
            ("T1071.004",),
            ("device", "dns", "ip"),
        ),
        Step(
            "Traffic from {device} to {attacker_ip}",
            "The connection stayed open for several hours.",
            "CommandAndControl",
            ("T1573",),
            ("device", "networkConnection", "ip"),
            4,
        ),
    ),
)
