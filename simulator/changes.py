"""What a client may change: PATCH of an incident or alert, and comments."""

from datetime import datetime
from typing import Any

from werkzeug.wrappers import Request

from simulator.records import wire
from simulator.tenant import Tenant

APP = "API-App:Utkik"
CHANGEABLE = {
    "incidents": {
        "assignedTo",
        "classification",
        "customTags",
        "description",
        "determination",
        "displayName",
        "severity",
        "resolvingComment",
        "status",
        "summary",
    },
    "alerts_v2": {"assignedTo", "classification", "customDetails", "determination", "status"},
}
VALUES = {
    "classification": {"unknown", "falsePositive", "truePositive", "informationalExpectedActivity"},
    "determination": {
        "unknown",
        "apt",
        "malware",
        "securityPersonnel",
        "securityTesting",
        "unwantedSoftware",
        "other",
        "multiStagedAttack",
        "compromisedAccount",
        "phishing",
        "maliciousUserActivity",
        "notMalicious",
        "notEnoughDataToValidate",
        "confirmedActivity",
        "lineOfBusinessApplication",
    },
    "severity": {"unknown", "informational", "low", "medium", "high"},
}
# The determinations that go with each classification; one that is unknown goes with all.
PAIRS = {
    "truePositive": {
        "multiStagedAttack",
        "maliciousUserActivity",
        "compromisedAccount",
        "malware",
        "phishing",
        "unwantedSoftware",
        "other",
    },
    "informationalExpectedActivity": {"securityTesting", "lineOfBusinessApplication", "confirmedActivity", "other"},
    "falsePositive": {"notMalicious", "notEnoughDataToValidate", "other"},
}
COMMENT = ("#microsoft.graph.security.alertComment", "microsoft.graph.security.alertComment")
STATUS = {"incidents": {"active", "resolved", "inProgress"}, "alerts_v2": {"unknown", "new", "inProgress", "resolved"}}
EMPTIED = {"assignedTo", "resolvingComment", "description", "summary", "customDetails"}  # what null may be written to


class BadChange(Exception):
    """The change is refused; the message says why."""


def patch(request: Request, collection: str, item: dict[str, Any]) -> dict[str, Any]:
    """What the request wants to change of the item; BadChange when it is not allowed."""
    wanted = {key: value for key, value in written(request).items() if not key.startswith("@odata.")}
    unknown = set(wanted) - CHANGEABLE[collection]
    if unknown:
        raise BadChange(f"The property '{min(unknown)}' does not exist or cannot be changed.")
    for key, value in wanted.items():
        if not allowed(collection, key, value):
            raise BadChange(f"The value of '{key}' is not valid.")
    if not fitting({**item, **wanted}) and wanted.keys() & {"classification", "determination"}:
        raise BadChange("The determination is not valid for the classification.")
    return wanted


def fitting(item: dict[str, Any]) -> bool:
    """Whether the item's determination is one of its classification."""
    classification, determination = item["classification"] or "unknown", item["determination"] or "unknown"
    return determination == "unknown" or determination in PAIRS.get(classification, ())


def change(tenant: Tenant, at: datetime, collection: str, identity: str, wanted: dict[str, Any]) -> None:
    """Change the item; an incident that is resolved takes its alerts with it."""
    item = tenant.items(collection)[identity]
    resolving = wanted.get("status") == "resolved" != item["status"]
    item |= {**wanted, "lastUpdateDateTime": wire(at)}
    if collection == "incidents":
        item["lastModifiedBy"] = APP
        if resolving:
            tenant.resolve_alerts(at, identity)
    elif "status" in wanted:
        item["resolvedDateTime"] = wire(at) if wanted["status"] == "resolved" else None


def allowed(collection: str, key: str, value: Any) -> bool:
    choices = {**VALUES, "status": STATUS[collection]}.get(key)
    if choices is not None:
        return isinstance(value, str) and value in choices
    if key == "customTags":
        return isinstance(value, list) and all(isinstance(tag, str) for tag in value)
    if key == "customDetails":
        return value is None or isinstance(value, dict)
    return isinstance(value, str) or (value is None and key in EMPTIED)


def comment(request: Request) -> str:
    """The text of the comment; BadChange when there is none in the body."""
    body = written(request)
    if body.get("@odata.type", COMMENT[0]) not in COMMENT:
        raise BadChange("The type of the comment is not valid.")
    text = body.get("comment")
    if not isinstance(text, str) or not text:
        raise BadChange("The comment is missing.")
    return text


def say(tenant: Tenant, at: datetime, collection: str, identity: str, text: str) -> None:
    """Add the comment."""
    item, now = tenant.items(collection)[identity], wire(at)
    item["comments"] = [*item["comments"], {"comment": text, "createdByDisplayName": APP, "createdDateTime": now}]
    item["lastUpdateDateTime"] = now
    if collection == "incidents":
        item["lastModifiedBy"] = APP


def written(request: Request) -> dict[str, Any]:
    body = request.get_json(force=True, silent=True)
    if not isinstance(body, dict):
        raise BadChange("The body is not a JSON object.")
    return body
