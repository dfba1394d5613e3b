"""How an item from Microsoft becomes the columns of a row: the one place where a shape meets a table."""

import hashlib
import re
from typing import Any

from defender import shapes
from defender.shapes import Alert, Incident, Record, moment, nanoseconds

RECEIVED = (
    "microsoft_id", "title", "description", "status", "severity", "classification", "determination", "assigned_to",
    "web_url", "microsoft_created_at", "microsoft_updated_at", "microsoft_updated_text", "version", "partly_read",
    "raw", "digest",
)  # fmt: skip
INCIDENT = (*RECEIVED, "redirected_to", "tags", "system_tags", "priority_score")
ALERT = (
    *RECEIVED, "incident_microsoft_id", "category", "service_source", "detection_source", "mitre_techniques",
    "first_activity_at", "last_activity_at", "resolved_at",
)  # fmt: skip
EVIDENCE = ("alert_microsoft_id", "position", "kind", "name", "detail", "verdict", "remediation_status", "roles")

# For a COPY in binary form, which spares PostgreSQL the reading of a megabyte of hexadecimal a page; else text.
MOMENT, LIST = "timestamptz", "text[]"
TYPES = {
    "microsoft_created_at": MOMENT, "microsoft_updated_at": MOMENT, "first_activity_at": MOMENT,
    "last_activity_at": MOMENT, "resolved_at": MOMENT, "version": "int8", "partly_read": "bool", "raw": "bytea",
    "digest": "bytea", "tags": LIST, "system_tags": LIST, "mitre_techniques": LIST, "roles": LIST,
    "priority_score": "int4", "position": "int4",
}  # fmt: skip

# PostgreSQL's text knows no NUL, and UTF-8 no lone surrogate; the raw JSON keeps both.
UNSTORABLE = re.compile("[\x00\ud800-\udfff]")
ENUM_LENGTH = 64
INTEGER_LIMIT = 2**31


def text(value: str | None) -> str:
    if not value or (value.isascii() and "\x00" not in value):
        return value or ""
    return UNSTORABLE.sub("\N{REPLACEMENT CHARACTER}", value)


def enum(value: str | None) -> str:
    return text(value)[:ENUM_LENGTH]


def texts(values: Any) -> list[str]:
    return [text(value) for value in values or () if isinstance(value, str)]


def digest(raw: bytes) -> bytes:
    return hashlib.blake2b(raw, digest_size=16).digest()


def version(record: Record[Any]) -> int:
    """lastUpdateDateTime in nanoseconds since 1970; 0 when it is missing or unreadable."""
    return nanoseconds(record.value.last_update_date_time) or 0


def received(record: Record[Any], title: str | None, web_url: str | None) -> tuple[Any, ...]:
    value = record.value
    return (
        text(record.id), text(title), text(value.description), enum(value.status), enum(value.severity),
        enum(value.classification), enum(value.determination), text(value.assigned_to), text(web_url),
        moment(value.created_date_time), moment(value.last_update_date_time), text(value.last_update_date_time),
        version(record), record.partly_read, record.raw, digest(record.raw),
    )  # fmt: skip


def incident(record: Record[Incident]) -> tuple[Any, ...]:
    value = record.value
    score = value.priority_score
    return (
        *received(record, value.display_name, value.incident_web_url),
        text(value.redirect_incident_id),
        texts(value.custom_tags),
        texts(value.system_tags),
        score if score is not None and abs(score) < INTEGER_LIMIT else None,
    )


def alert(record: Record[Alert], incident_id: str | None) -> tuple[Any, ...]:
    """`incident_id` is the incident the alert was found in, or None to believe the alert's own word."""
    value = record.value
    return (
        *received(record, value.title, value.alert_web_url),
        text(value.incident_id if incident_id is None else incident_id),
        text(value.category), enum(value.service_source), enum(value.detection_source),
        texts(value.mitre_techniques), moment(value.first_activity_date_time),
        moment(value.last_activity_date_time), moment(value.resolved_date_time),
    )  # fmt: skip


def evidence(record: Record[Alert]) -> list[tuple[Any, ...]]:
    return [
        (
            text(record.id), position, text(shapes.kind(item))[:100], text(shapes.name(item)),
            text(shapes.detail(item)), enum(item.verdict),
            enum(item.remediation_status), texts(item.roles),
        )
        for position, item in enumerate(record.value.evidence or ())
        if item is not None
    ]  # fmt: skip
