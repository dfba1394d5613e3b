"""How an item from Microsoft becomes the columns of a row: the one place where a shape meets a table."""

import hashlib
import re
import secrets
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from defender.shapes import Alert, Incident, Record, moment, nanoseconds

RECEIVED = (
    "microsoft_id", "title", "description", "status", "severity", "classification", "determination", "assigned_to",
    "web_url", "microsoft_created_at", "microsoft_updated_at", "microsoft_updated_text", "version", "partly_read",
    "raw", "digest", "words",
)  # fmt: skip
INCIDENT = (*RECEIVED, "redirected_to", "opened_at", "tags", "system_tags", "priority_score", "modified_by")
ALERT = (
    *RECEIVED, "category", "service_source", "detection_source", "mitre_techniques",
    "first_activity_at", "last_activity_at", "resolved_at", "devices", "users",
)  # fmt: skip
# Which kinds an incident counts as devices and as people.
DEVICES, PEOPLE = {"device"}, {"user", "mailbox"}
EVIDENCE = ("position", "kind", "name", "detail", "verdict", "remediation_status", "roles")

# PostgreSQL's text knows no NUL, and UTF-8 no lone surrogate; the raw JSON keeps both.
UNSTORABLE = re.compile("[\x00\ud800-\udfff]")
# Words are split at ASCII punctuation, by the query too, so that a part of a host name or address finds it.
PUNCTUATION = {code: " " for code in range(128) if not chr(code).isalnum()}
ENUM_LENGTH = 64
SEARCH_CHARACTERS = 100_000  # a tsvector holds at most 1 MB
CREATED_AT, UPDATED_AT = RECEIVED.index("microsoft_created_at"), RECEIVED.index("microsoft_updated_at")
# What was created this shortly before its directory was connected is work of now all the same.
GRACE = timedelta(minutes=15)
INTEGER_LIMIT = 2**31

Clean = Callable[[str | None], str]


def text(value: str | None) -> str:
    """The text as PostgreSQL can store it; '' for none."""
    if not value or (value.isascii() and "\x00" not in value):
        return value or ""
    return UNSTORABLE.sub("\N{REPLACEMENT CHARACTER}", value)


def as_it_is(value: str | None) -> str:
    return value or ""


def clean(raw: bytes) -> Clean:
    """How the texts of an item become storable: a look at its JSON tells for most that nothing is to be done."""
    return as_it_is if b"\\u" not in raw and raw.isascii() else text


def new_id() -> UUID:
    """A UUID of version 7 (RFC 9562): in the order of time, so that what arrives together lies together on disk."""
    milliseconds, chance = time.time_ns() // 1_000_000, secrets.randbits(74)
    return UUID(int=milliseconds << 80 | 0x7 << 76 | (chance >> 62) << 64 | 0b10 << 62 | (chance & (1 << 62) - 1))


def texts(values: Any, cleaned: Clean) -> list[str]:
    return [cleaned(value) for value in values if isinstance(value, str)] if values else []


def words(*texts: str) -> str:
    return " ".join(texts)[:SEARCH_CHARACTERS].translate(PUNCTUATION)


def digest(raw: bytes) -> bytes:
    return hashlib.blake2b(raw, digest_size=16).digest()


def version(record: Record[Any]) -> int:
    """lastUpdateDateTime in nanoseconds since 1970; 0 when it is missing or unreadable."""
    return nanoseconds(record.value.last_update_date_time) or 0


def received(
    record: Record[Any], cleaned: Clean, title: str | None, web_url: str | None, others: Iterable[str]
) -> tuple[Any, ...]:
    """The columns that incidents and alerts have in common; `others` are words beside its own it is found by."""
    value = record.value
    microsoft_id, named, owner = cleaned(record.id), cleaned(title), cleaned(value.assigned_to)
    return (
        microsoft_id, named, cleaned(value.description), cleaned(value.status)[:ENUM_LENGTH],
        cleaned(value.severity)[:ENUM_LENGTH], cleaned(value.classification)[:ENUM_LENGTH],
        cleaned(value.determination)[:ENUM_LENGTH], owner, cleaned(web_url), moment(value.created_date_time),
        moment(value.last_update_date_time), cleaned(value.last_update_date_time), version(record),
        record.partly_read, record.raw, digest(record.raw), words(microsoft_id, named, owner, *others),
    )  # fmt: skip


def historic(values: Sequence[Any], connected_at: datetime) -> bool:
    """Whether the item, given as a row's values, is older than the connection of its directory.

    An item without a readable createdDateTime is at least as old as its last update; with neither it counts as new,
    so that it is looked at.
    """
    first = values[CREATED_AT] or values[UPDATED_AT]
    return first is not None and first < connected_at - GRACE


def incident(record: Record[Incident]) -> tuple[Any, ...]:
    value, cleaned, score = record.value, clean(record.raw), record.value.priority_score
    tags = texts(value.custom_tags, cleaned)
    own = received(record, cleaned, value.display_name, value.incident_web_url, tags)
    return (
        *own,
        cleaned(value.redirect_incident_id),
        own[CREATED_AT],  # until merges know better
        tags,
        texts(value.system_tags, cleaned),
        score if score is not None and abs(score) < INTEGER_LIMIT else None,
        cleaned(value.last_modified_by),
    )


def alert(record: Record[Alert]) -> tuple[Any, ...]:
    value, cleaned = record.value, clean(record.raw)
    named = {(label[0], cleaned(label[1])): None for label in record.labels if label}
    return (
        *received(record, cleaned, value.title, value.alert_web_url, [name for _, name in named]),
        cleaned(value.category), cleaned(value.service_source)[:ENUM_LENGTH],
        cleaned(value.detection_source)[:ENUM_LENGTH], texts(value.mitre_techniques, cleaned),
        moment(value.first_activity_date_time), moment(value.last_activity_date_time),
        moment(value.resolved_date_time), [name for kind, name in named if name and kind in DEVICES],
        [name for kind, name in named if name and kind in PEOPLE],
    )  # fmt: skip


def evidence(record: Record[Alert]) -> Iterator[tuple[Any, ...]]:
    cleaned = clean(record.raw)
    for position, (item, label) in enumerate(zip(record.evidence, record.labels, strict=True)):
        if item and label:
            kind, name, detail = label
            roles = ", ".join(texts(item.roles, cleaned)) if item.roles else ""
            yield (
                position, cleaned(kind)[:100], cleaned(name), cleaned(detail), cleaned(item.verdict)[:ENUM_LENGTH],
                cleaned(item.remediation_status)[:ENUM_LENGTH], roles,
            )  # fmt: skip
