"""What a client may change: PATCH of an incident or alert, and comments."""

from datetime import UTC, datetime
from typing import Any

from werkzeug.wrappers import Request

from simulator.world import Tenant, wire

INCIDENT = {"assignedTo", "classification", "customTags", "description", "determination", "displayName", "severity",
            "resolvingComment", "status", "summary"}  # fmt: skip
ALERT = {"assignedTo", "classification", "customDetails", "determination", "status"}
VALUES = {
    "classification": {"unknown", "falsePositive", "truePositive", "informationalExpectedActivity"},
    "determination": {
        "unknown", "apt", "malware", "securityPersonnel", "securityTesting", "unwantedSoftware", "other",
        "multiStagedAttack", "compromisedAccount", "phishing", "maliciousUserActivity", "notMalicious",
        "notEnoughDataToValidate", "confirmedActivity", "lineOfBusinessApplication",
    },
    "severity": {"unknown", "informational", "low", "medium", "high"},
}  # fmt: skip
STATUS = {"incidents": {"active", "resolved", "inProgress"}, "alerts_v2": {"unknown", "new", "inProgress", "resolved"}}


def patch(tenant: Tenant, collection: str, item: dict[str, Any], request: Request) -> str:
    """Change the item as asked; return the reason when it is refused, '' when it was done."""
    body = request.get_json(silent=True)
    if not isinstance(body, dict):
        return "The body is not a JSON object."
    wanted = {key: value for key, value in body.items() if not key.startswith("@odata.")}
    unknown = set(wanted) - (INCIDENT if collection == "incidents" else ALERT)
    if unknown:
        return f"The property '{min(unknown)}' cannot be changed."
    allowed = {**VALUES, "status": STATUS[collection]}
    wrong = [key for key, value in wanted.items() if key in allowed and value not in allowed[key]]
    if wrong:
        return f"The value of '{wrong[0]}' is not valid."
    now = wire(datetime.now(UTC))
    item |= {**wanted, "lastUpdateDateTime": now}
    if collection == "incidents":
        if wanted.get("status") == "resolved":
            tenant.resolve_alerts(datetime.now(UTC), item["id"])
        item["lastModifiedBy"] = "API-App:Utkik"
    return ""


def comment(item: dict[str, Any], request: Request) -> list[dict[str, Any]]:
    """Add the comment and answer with all there are."""
    body = request.get_json(silent=True) or {}
    now = wire(datetime.now(UTC))
    written = {"comment": str(body.get("comment", "")), "createdByDisplayName": "API-App:Utkik", "createdDateTime": now}
    item["comments"] = [*item["comments"], written]
    item["lastUpdateDateTime"] = now
    return item["comments"]
