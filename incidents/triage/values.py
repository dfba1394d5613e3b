"""The fields that we change at Microsoft, by its names, and what it takes for a value."""

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext_lazy as _

# The column of each field, where there is one, and the name in the shape of an item.
COLUMNS = {
    "status": "status", "assignedTo": "assigned_to", "classification": "classification",
    "determination": "determination", "customTags": "tags",
}  # fmt: skip
SHAPES = {**COLUMNS, "customTags": "custom_tags", "resolvingComment": "resolving_comment"}
LABELS = {
    "status": _("Status"), "assignedTo": _("Owner"), "classification": _("Classification"),
    "determination": _("Determination"), "customTags": _("Tags"), "resolvingComment": _("Resolution note"),
    "comment": _("Comment"),
}  # fmt: skip
# What people may set: the other statuses are Microsoft's own.
INCIDENT_STATUS = {"active": _("New"), "inProgress": _("In progress"), "resolved": _("Resolved")}
ALERT_STATUS = {"new": _("New"), "inProgress": _("In progress"), "resolved": _("Resolved")}
CLASSIFICATIONS = {
    "truePositive": _("True positive"),
    "informationalExpectedActivity": _("Informational, expected activity"),
    "falsePositive": _("False positive"),
}
DETERMINATIONS = {
    "multiStagedAttack": _("Multi-staged attack"), "maliciousUserActivity": _("Malicious user activity"),
    "compromisedAccount": _("Compromised account"), "malware": _("Malware"), "phishing": _("Phishing"),
    "unwantedSoftware": _("Unwanted software"), "securityTesting": _("Security testing"),
    "lineOfBusinessApplication": _("Line-of-business application"), "confirmedActivity": _("Confirmed activity"),
    "notMalicious": _("Not malicious"), "notEnoughDataToValidate": _("Not enough data to validate"),
    "other": _("Other"),
}  # fmt: skip
PAIRS = {
    "truePositive": (
        "multiStagedAttack", "maliciousUserActivity", "compromisedAccount", "malware", "phishing", "unwantedSoftware",
        "other",
    ),
    "informationalExpectedActivity": ("securityTesting", "lineOfBusinessApplication", "confirmedActivity", "other"),
    "falsePositive": ("notMalicious", "notEnoughDataToValidate", "other"),
}  # fmt: skip
# Microsoft judges the two together, so they go together.
PAIR = {"classification", "determination"}
# Words for one value in two spellings, and for one that is not set.
NOT_SET = ("", "unknown")
EMPTIED = {"assignedTo": None, "classification": "unknown", "determination": "unknown"}


def pair(text: str) -> dict[str, str]:
    """The two fields of "truePositive/malware"; ValueError when Microsoft does not take them together."""
    classification, _slash, determination = text.partition("/")
    if determination not in PAIRS.get(classification, ()):
        raise ValueError(text)
    return {"classification": classification, "determination": determination}


def same(field: str, one: Any, other: Any) -> bool:
    """Whether two values of a field mean the same to a person."""
    return bool(plain(field, one) == plain(field, other))


def plain(field: str, value: Any) -> Any:
    if field == "customTags":
        return sorted(set(value or ()))
    if field in ("classification", "determination"):
        return "" if value in (None, *NOT_SET) else value
    return (value or "").casefold() if field == "assignedTo" else value or ""


def with_pair(left: Mapping[str, Any], whole: Mapping[str, Any]) -> dict[str, Any]:
    """The fields that are left, and of the pair both when one of them is."""
    both = PAIR & whole.keys() if PAIR & left.keys() else set()
    return {field: value for field, value in whole.items() if field in left or field in both}


def of_row(item: Any, fields: Mapping[str, Any]) -> dict[str, Any]:
    """The fields as the row says them; what no column has is not known."""
    return {field: getattr(item, COLUMNS[field]) for field in fields if field in COLUMNS}


def of_shape(value: Any, fields: Mapping[str, Any]) -> dict[str, Any]:
    """The fields as Microsoft says them."""
    found = {field: getattr(value, SHAPES[field], None) for field in fields if field in SHAPES}
    return {field: listed(one) if field == "customTags" else one or "" for field, one in found.items()}


def listed(tags: Any) -> list[str]:
    return [tag for tag in tags or () if isinstance(tag, str)]


def wire(changes: Mapping[str, Any]) -> dict[str, Any]:
    """The body of a PATCH: nobody is null, and what is taken back is unknown."""
    return {field: EMPTIED.get(field, "") if value == "" else value for field, value in changes.items()}
