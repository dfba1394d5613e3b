"""Enum members that came after `unknownFutureValue` are hidden from a client that did not ask for them."""

from typing import Any

SENTINEL = "unknownFutureValue"
AFTER = {
    "status": {"awaitingAction"},
    "serviceSource": {
        "microsoftDefenderForCloud",
        "microsoftSentinel",
        "microsoftInsiderRiskManagement",
        "microsoftThreatIntelligence",
        "microsoftSecurityForAI",
    },
    "remediationStatus": {"active", "pendingApproval", "declined", "unremediated", "running", "partiallyRemediated"},
    "detectionSource": {
        "microsoftDefenderForCloud",
        "microsoftDefenderForIoT",
        "microsoftDefenderForServers",
        "microsoftDefenderForStorage",
        "microsoftDefenderForDNS",
        "microsoftDefenderForDatabases",
        "microsoftDefenderForContainers",
        "microsoftDefenderForNetwork",
        "microsoftDefenderForAppService",
        "microsoftDefenderForKeyVault",
        "microsoftDefenderForResourceManager",
        "microsoftDefenderForApiManagement",
        "nrtAlerts",
        "scheduledAlerts",
        "microsoftDefenderThreatIntelligenceAnalytics",
        "builtInMl",
        "microsoftInsiderRiskManagement",
        "microsoftThreatIntelligence",
        "microsoftDefenderForAIServices",
        "securityCopilot",
        "microsoftSentinel",
    },
}


def hidden(body: Any) -> Any:
    """The body as an old client sees it."""
    if isinstance(body, dict):
        return {key: SENTINEL if late(key, value) else hidden(value) for key, value in body.items()}
    return [hidden(entry) for entry in body] if isinstance(body, list) else body


def late(key: str, value: Any) -> bool:
    return isinstance(value, str) and value in AFTER.get(key, ())
