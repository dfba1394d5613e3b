"""The chain of the audit trail, computed once more and apart from the database: is every line as it was written?"""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC

from django.db import models
from django.db.models.functions import Cast

from accounts.models import AuditEntry, AuditHead

CHUNK = 2000
MISSING = "it is missing"


@dataclass(frozen=True)
class Verdict:
    """How many lines are in order from the first on, and what is wrong with the next one, if there is anything."""

    lines: int
    number: int = 0
    reason: str = ""


def verdict() -> Verdict:
    """Follow the chain from its first line to its head, or to the first line that breaks it."""
    # Read first: a line is there as soon as the head speaks of it, and one that is added meanwhile is not looked at.
    head = AuditHead.objects.first() or AuditHead()
    number, before = 0, ""
    for entry in entries(head.number):
        number += 1
        if reason := broken(entry, number, before):
            return Verdict(number - 1, number, reason)
        before = entry.hash
    if number < head.number:
        return Verdict(number, number + 1, MISSING)
    return Verdict(number) if before == head.hash else Verdict(number - 1, number, "it is not the end of the chain")


def entries(last: int) -> Iterator[AuditEntry]:
    texts = {f"{name}_text": Cast(name, models.TextField()) for name in ("before", "after")}
    return AuditEntry.objects.filter(pk__lte=last).annotate(**texts).order_by("pk").iterator(CHUNK)


def broken(entry: AuditEntry, number: int, before: str) -> str:
    """What is wrong with the line that should bear this number and follow this hash; '' when nothing is."""
    if entry.pk != number:
        return MISSING
    if entry.previous_hash != before:
        return "it does not follow the line before"
    return "" if entry.hash == hashlib.sha256(content(entry).encode()).hexdigest() else "its content was changed"


def content(entry: AuditEntry) -> str:
    """What the hash is made of; the migration that made the table says the same in SQL."""
    at = entry.at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    values = (
        entry.previous_hash, entry.pk, at, entry.actor_kind, entry.actor_name, entry.actor_id, entry.actor_ip,
        entry.customer_id, entry.action, entry.subject_kind, entry.subject_id, entry.subject_label,
        getattr(entry, "before_text", None), getattr(entry, "after_text", None), entry.outcome, entry.request_id,
    )  # fmt: skip
    return "".join(part(value) for value in values)


def part(value: object) -> str:
    return "-," if value is None else f"{len(str(value).encode())}:{value},"
