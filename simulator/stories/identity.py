"""Stories that begin with an account."""

from simulator.stories.shapes import Step, Story

IDENTITY = ("microsoftDefenderForIdentity", "microsoftDefenderForIdentity", "Microsoft Defender for Identity")
REPLAY = Story(
    "session",
    "Sign-in session of {user} replayed from {attacker_ip}",
    "high",
    "azureAdIdentityProtection",
    "azureAdIdentityProtection",
    "Microsoft Entra ID Protection",
    "Revoke the sessions of {user}, remove the inbox rule, look for sent mail.",
    (
        Step(
            "Link to {attacker_domain} opened by {user}",
            "A page in the middle passed the sign-in on and kept the session cookie.",
            "InitialAccess",
            ("T1566.002", "T1557"),
            ("analyzedMessage", "url", "user"),
            0,
            "microsoftDefenderForOffice365",
        ),
        Step(
            "Unfamiliar sign-in by {user} from {attacker_ip}",
            "The session was used from a country where {user} never worked.",
            "InitialAccess",
            ("T1078.004", "T1539"),
            ("user", "ip", "cloudLogonSession", "cloudLogonRequest"),
            7,
        ),
        Step(
            "Inbox rule hides the mail of {user}",
            "A new rule moves messages about payments to a folder that nobody reads.",
            "Persistence",
            ("T1564.008",),
            ("user", "mailbox", "mailboxConfiguration"),
            18,
            "cloudAppSecurity",
        ),
    ),
)
SPRAY = Story(
    "spray",
    "Password spray from {attacker_ip} against {domain}",
    "medium",
    *IDENTITY,
    "Block {attacker_ip}. Ask {user} to change the password and check the sign-ins that succeeded.",
    (
        Step(
            "Many failed sign-ins from {attacker_ip}",
            "One password was tried on many accounts of {domain} within minutes.",
            "CredentialAccess",
            ("T1110.003",),
            ("ip", "user", "activeDirectoryDomain"),
        ),
        Step(
            "{user} signed in after failed attempts from {attacker_ip}",
            "One of the tried accounts accepted the password.",
            "InitialAccess",
            ("T1078",),
            ("ip", "user", "cloudLogonRequest"),
            11,
        ),
    ),
)
LATERAL = Story(
    "lateral",
    "Lateral movement from {device} to {server}",
    "high",
    *IDENTITY,
    "Isolate {device}, reset the password of {user} twice, review the members of {group}.",
    (
        Step(
            "Stolen hash of {user} used against {server}",
            "The account signed in to {server} with a hash and without its password.",
            "LateralMovement",
            ("T1550.002",),
            ("user", "device", "server", "hostLogonSession"),
        ),
        Step(
            "{user} was added to {group}",
            "A group with wide rights got a new member outside the usual process.",
            "PrivilegeEscalation",
            ("T1098.007",),
            ("user", "securityGroup", "activeDirectoryDomain"),
            12,
        ),
    ),
)
RECONNAISSANCE = Story(
    "reconnaissance",
    "Accounts of {domain} listed from {device}",
    "medium",
    *IDENTITY,
    "Ask {user} about the tool that ran on {device}.",
    (
        Step(
            "Directory queries from {device}",
            "The device asked the directory of {domain} for all accounts with service names.",
            "Discovery",
            ("T1087.002",),
            ("device", "user", "activeDirectoryDomain"),
        ),
        Step(
            "Service tickets requested by {user}",
            "Tickets for many services were requested with weak encryption.",
            "CredentialAccess",
            ("T1558.003",),
            ("user", "device", "hostLogonSession"),
            5,
        ),
    ),
)
INSIDER = Story(
    "insider",
    "Data gathered by {user} before leaving",
    "medium",
    "microsoftInsiderRiskManagement",
    "microsoftInsiderRiskManagement",
    "Microsoft Purview Insider Risk Management",
    "Talk with the human resources department before anybody talks with {user}.",
    (
        Step(
            "{user} copied files to a removable drive",
            "More files than in the whole last month were copied in one evening.",
            "Exfiltration",
            ("T1052.001",),
            ("user", "device", "file"),
        ),
    ),
)
DOWNLOADS = Story(
    "downloads",
    "{user} downloaded an unusual number of files",
    "medium",
    "dataLossPrevention",
    "microsoftDataLossPrevention",
    "Microsoft Purview Data Loss Prevention",
    "Review the files with their owner and decide whether {user} needed them.",
    (
        Step(
            "Mass download by {user}",
            "Files with payment card numbers were fetched to {device} within an hour.",
            "Exfiltration",
            ("T1567.002",),
            ("user", "cloudApplication", "device"),
        ),
    ),
)
