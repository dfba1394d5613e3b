"""Incidents and alerts as Graph writes them, told from a story and its cast."""

import hashlib
import re
from datetime import UTC, datetime, timedelta
from typing import Any

from simulator import evidence
from simulator.cast import Cast
from simulator.stories import Story

Item = dict[str, Any]
PORTAL = "https://security.microsoft.com"
CORRELATION = "Microsoft 365 Defender-AlertCorrelation"
PRIORITY = {"high": 90, "medium": 55, "low": 12}


def wire(at: datetime, digits: int = 7) -> str:
    """A time as Microsoft writes it, with 0 to 7 fractional digits; the seventh is one that Python cannot keep."""
    fraction = f".{at.microsecond:06d}{at.microsecond * 7 % 10}"[: digits + 1] if digits else ""
    return f"{at.astimezone(UTC):%Y-%m-%dT%H:%M:%S}{fraction}Z"


def spoken(template: str, cast: Cast) -> str:
    """The template with the cast's own words in place of those in braces."""
    return re.sub(r"\{(\w+)\}", lambda match: str(getattr(cast, match[1])), template)


def comment(text: str, by: str, at: datetime) -> Item:
    return {"comment": text, "createdByDisplayName": by, "createdDateTime": wire(at, 2)}


def new_incident(tenant_id: str, at: datetime, story: Story, cast: Cast, severity: str | None = None) -> Item:
    number, title, judged = str(cast.number), spoken(story.title, cast), severity or story.severity
    return {
        "id": number,
        "tenantId": tenant_id if cast.number % 9 else "",
        "displayName": title,
        "description": f"{title}. {spoken(story.steps[0].about, cast)}",
        "status": "active",
        "severity": judged,
        "classification": "unknown",
        "determination": "unknown",
        "assignedTo": None,
        "createdDateTime": wire(at, cast.number % 8),
        "lastUpdateDateTime": wire(at, cast.number % 8),
        "incidentWebUrl": f"{PORTAL}/incident2/{number}/overview?tid={tenant_id}",
        "redirectIncidentId": None,
        "customTags": ["critical-asset"] if cast.number % 11 == 0 else [],
        "systemTags": ["Defender Experts"] if story.kind == "experts" else [],
        "comments": [],
        "lastModifiedBy": CORRELATION,
        "priorityScore": PRIORITY[judged] + cast.number % 9 if judged in PRIORITY else None,
        "resolvingComment": None,
        "summary": None,
    }


def alert_id(tenant_id: str, number: int, index: int) -> str:
    digits = int(hashlib.sha256(f"{tenant_id}{number}/{index}".encode()).hexdigest(), 16)
    return f"da{digits % 10**18:018d}_{'-' if digits % 2 else ''}{digits // 10**18 % 10**9 + 1}"


def new_alert(tenant_id: str, at: datetime, incident_id: str, story: Story, index: int, cast: Cast) -> Item:
    """The alert of one step with all its evidence; an empty `incident_id` means that it belongs to no incident."""
    step, identity, created = story.steps[index], alert_id(tenant_id, cast.number, index), wire(at)
    own = incident_id or None
    return {
        "id": identity, "providerAlertId": identity, "incidentId": own,
        "tenantId": tenant_id if cast.number % 13 else "",
        "title": spoken(step.title, cast), "description": spoken(step.about, cast), "status": "new",
        "severity": story.severity, "classification": None, "determination": None, "category": step.category,
        "categories": [step.category], "serviceSource": story.source,
        "detectionSource": step.detection or story.detection,
        "productName": story.product, "detectorId": cast.guid_of(f"{story.kind}{index}"),
        "mitreTechniques": list(step.techniques), "assignedTo": None, "actorDisplayName": None,
        "threatDisplayName": f"Trojan:Win32/Simulated.{cast.number}" if "malware" in step.evidence else None,
        "threatFamilyName": "Simulated" if "malware" in step.evidence else None,
        "recommendedActions": spoken(story.actions, cast),
        "alertWebUrl": f"{PORTAL}/alerts/{identity}?tid={tenant_id}",
        "incidentWebUrl": f"{PORTAL}/incident2/{own}/overview?tid={tenant_id}" if own else None,
        "createdDateTime": created, "lastUpdateDateTime": created, "resolvedDateTime": None,
        "firstActivityDateTime": wire(at - timedelta(minutes=3), 6), "lastActivityDateTime": wire(at, 3),
        "comments": [],
        "evidence": [evidence.item(kind, cast, created) for kind in step.evidence], "systemTags": [],
        "investigationState": "queued", "additionalData": None, "customDetails": {}, "alertPolicyId": None,
    }  # fmt: skip
