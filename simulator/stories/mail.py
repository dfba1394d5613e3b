"""Stories about mail, Teams and applications."""

from simulator.stories.shapes import Step, Story

OFFICE = ("microsoftDefenderForOffice365", "microsoftDefenderForOffice365", "Microsoft Defender for Office 365")
TEAMS = Story(
    "teams",
    "Teams message to {user} from a false help desk",
    "medium",
    *OFFICE,
    "Block {attacker_domain} for external chats and ask {user} whether remote help was given.",
    (
        Step(
            "Phishing in Teams reached {user}",
            "An outside account that calls itself the help desk sent a link.",
            "InitialAccess",
            ("T1566.003",),
            ("teamsMessage", "url", "user"),
        ),
    ),
)
REPORTED = Story(
    "reported",
    "{user} reported mail as phishing: {subject}",
    "informational",
    *OFFICE,
    "Delete the other messages of the cluster and thank {user}.",
    (
        Step(
            "{subject} reported by {user}",
            "The message was sent to several mailboxes. One of the readers reported it.",
            "InitialAccess",
            ("T1566.002",),
            ("submissionMail", "analyzedMessage", "mailCluster", "mailbox", "url", "user"),
        ),
    ),
)
REMOVED = Story(
    "removed",
    "Messages from {attacker_domain} removed after delivery",
    "informational",
    *OFFICE,
    "No action is needed. The messages are in quarantine.",
    (
        Step(
            "Mail with a link to {attacker_domain} removed after delivery",
            "The link was found to be harmful after the message had been delivered.",
            "InitialAccess",
            ("T1566.002",),
            ("analyzedMessage", "mailCluster", "url", "mailbox"),
            0,
            "automatedInvestigation",
        ),
    ),
)
CONSENT = Story(
    "consent",
    "{application} was granted access to the mail of {user}",
    "high",
    "microsoftDefenderForCloudApps",
    "cloudAppSecurity",
    "Microsoft Defender for Cloud Apps",
    "Remove the consent for {application} and revoke the sessions of {user}.",
    (
        Step(
            "Unverified application {application} got consent of {user}",
            "The application may read and send mail although its publisher is not verified.",
            "Persistence",
            ("T1528",),
            ("user", "oauthApplication", "servicePrincipal", "cloudApplication"),
        ),
        Step(
            "{application} read many messages of {user}",
            "The application fetched the whole mailbox within minutes.",
            "Collection",
            ("T1114.002",),
            ("oauthApplication", "mailbox", "user", "ip"),
            26,
        ),
    ),
)
UNUSED = Story(
    "unused",
    "Unused application {application} came back to life",
    "low",
    "microsoftAppGovernance",
    "appGovernanceDetection",
    "Microsoft Defender for Cloud Apps",
    "Ask the owner of {application} whether it is still needed.",
    (
        Step(
            "{application} got a new secret",
            "A credential was added to an application that nobody had used for 180 days.",
            "Persistence",
            ("T1098.001",),
            ("oauthApplication", "servicePrincipal"),
        ),
    ),
)
ASSISTANT = Story(
    "assistant",
    "Instructions of the assistant {agent} were overwritten",
    "medium",
    "microsoftSecurityForAI",
    "microsoftDefenderForAIServices",
    "Microsoft Security for AI",
    "Take {file} out of the sources of {agent} and read its latest answers.",
    (
        Step(
            "Hidden instructions for {agent} in {file}",
            "A document told the assistant to send its answers to an outside address. {user} had opened it.",
            "InitialAccess",
            ("AML.T0051.001",),
            ("aiAgent", "file", "user", "url"),
        ),
    ),
)
