"""From bytes to records: strict and fast first, then property by property, so that one bad thing costs itself only.

Whatever has an `id` is an item. A property of the wrong kind becomes None and the record is partly read; what has no
id, or is no object, is Broken. The bytes of each item are kept as they were received.
"""

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Generic, TypeVar

import msgspec

from defender import cutting
from defender.shapes.base import Evidence, Shape
from defender.shapes.items import Alert, AlertWithRawEvidence, Comment, Incident
from defender.shapes.kinds import KINDS, PREFIX, GenericEvidence, label

Value = TypeVar("Value", Incident, Alert)
AnyShape = TypeVar("AnyShape", bound=Shape)


class Record(msgspec.Struct, Generic[Value], frozen=True, dict=True):
    """An item as shape and as received; an incident's expanded alerts are cut out of its `raw` and stand beside it.

    `lost` tells whether one of its properties could not be read.
    """

    id: str
    value: Value
    raw: bytes
    lost: bool = False
    alerts: tuple["Record[Alert]", ...] = ()

    @cached_property
    def evidence(self) -> list[Evidence | None]:
        """An alert's evidence, each item in its own shape."""
        return [item for item, _ in self.read_evidence]

    @cached_property
    def labels(self) -> list[tuple[str, str, str] | None]:
        """Kind, name and second line of each item of evidence."""
        return [label(item) if item else None for item in self.evidence]

    @property
    def partly_read(self) -> bool:
        return self.lost or any(lost for _, lost in self.read_evidence)

    @cached_property
    def read_evidence(self) -> list[tuple[Evidence | None, bool]]:
        """Each item and whether something of it was lost; read when asked for: most of a list is stored already."""
        parts: Any = getattr(self.value, "evidence", None) or ()
        return [evidence(part) if isinstance(part, msgspec.Raw) else (part, False) for part in parts]


@dataclass(frozen=True)
class Broken:
    """An entry that is no item, and why."""

    raw: bytes
    reason: str


ALERT = msgspec.json.Decoder(AlertWithRawEvidence)
INCIDENT = msgspec.json.Decoder(Incident)
DECODERS = {cls: msgspec.json.Decoder(cls) for cls in {*KINDS.values(), GenericEvidence}}
DISCRIMINATOR = re.compile(rb'"@odata\.type"\s*:\s*"([^"\\]*)"')
SHAPES: Mapping[bytes | None, type[Evidence]] = {(PREFIX + name).encode(): shape for name, shape in KINDS.items()}
UNREADABLE = (msgspec.DecodeError, msgspec.ValidationError, UnicodeDecodeError, ValueError, RecursionError)


def incidents(raws: Iterable[bytes]) -> tuple[list[Record[Incident]], list[Broken]]:
    return records(raws, incident)


def alerts(raws: Iterable[bytes]) -> tuple[list[Record[Alert]], list[Broken]]:
    return records(raws, alert)


def records(raws: Iterable[bytes], read: Any) -> tuple[list[Any], list[Broken]]:
    good: list[Any] = []
    broken: list[Broken] = []
    for raw in raws:
        item = read(bytes(raw))
        (broken if isinstance(item, Broken) else good).append(item)
    return good, broken


def incident(raw: bytes) -> Record[Incident] | Broken:
    expanded: tuple[Record[Alert], ...] = ()
    lost = False
    if b'"alerts"' in raw:
        raw, expanded, lost = without_alerts(raw)
    try:
        value, partly = INCIDENT.decode(raw), False
    except UNREADABLE:
        found = leniently(raw, Incident)
        if isinstance(found, Broken):
            return found
        value, partly = found
    if not value.id:
        return Broken(raw, "The entry has no id.")
    return Record(value.id, value, raw, partly or lost, expanded)


def alert(raw: bytes) -> Record[Alert] | Broken:
    try:
        strict = ALERT.decode(raw)
    except UNREADABLE:
        return alert_leniently(raw)
    if not strict.id:
        return Broken(raw, "The entry has no id.")
    return Record(strict.id, strict, raw)


def alert_leniently(raw: bytes) -> Record[Alert] | Broken:
    found = leniently(raw, Alert, besides=("evidence",))
    if isinstance(found, Broken):
        return found
    value, partly = found
    listed = loose(raw).get("evidence")
    items: list[Evidence | None] | None = None
    if isinstance(listed, list):
        read = [evidence_of(entry) for entry in listed]
        items, partly = [item for item, _ in read], partly or any(lost for _, lost in read)
    elif listed is not None:
        partly = True
    if not value.id:
        return Broken(raw, "The entry has no id.")
    return Record(value.id, msgspec.structs.replace(value, evidence=items), raw, partly)


def evidence(raw: bytes | msgspec.Raw) -> tuple[Evidence | None, bool]:
    """The item in its own shape, and whether something of it was lost."""
    # The first discriminator in the text is nearly always the item's own, not that of something in it.
    found = DISCRIMINATOR.search(raw)
    guessed = SHAPES.get(found[1], GenericEvidence) if found else GenericEvidence
    try:
        item = DECODERS[guessed].decode(raw)
        shape = shape_of(item.odata_type)
        return (item if shape is guessed else DECODERS[shape].decode(raw)), False
    except UNREADABLE:
        read, lost = evidence_of(anything(bytes(raw)))
        return read, lost or (read is None and bytes(raw).strip() != b"null")


def evidence_of(entry: Any) -> tuple[Evidence | None, bool]:
    if not isinstance(entry, dict):
        return None, entry is not None
    return converted(entry, shape_of(entry.get("@odata.type")))


def shape_of(discriminator: Any) -> type[Evidence]:
    return KINDS.get(str(discriminator or "").removeprefix(PREFIX), GenericEvidence)


def without_alerts(raw: bytes) -> tuple[bytes, tuple[Record[Alert], ...], bool]:
    """The incident's bytes without its alerts, the alerts, and whether one of them could not be read."""
    text = raw.decode("utf-8", errors="surrogateescape")
    try:
        spans = list(cutting.members(text))
        found = [number for number, (key, _, _) in enumerate(spans) if key == "alerts"]
        if not found or text[spans[found[0]][1] : spans[found[0]][2]] == "null":
            return raw, (), False
        begin, end = spans[found[0]][1:]
        entries = [bytes_of(text[first:last]) for first, last in cutting.elements(text, begin)]
    except ValueError:
        return raw, (), True
    good, broken = alerts(entries)
    if broken or len(found) > 1:  # nothing is cut out that does not stand elsewhere
        return raw, tuple(good), True
    return bytes_of(without(text, spans, found[0])), tuple(good), False


def without(text: str, spans: list[tuple[str, int, int]], number: int) -> str:
    """The object's text without one member and the comma that belongs to it."""
    before = text[: spans[number - 1][2]] if number else text[: text.index("{") + 1]
    if number or number + 1 == len(spans):
        return before + text[spans[number][2] :]
    return before + text[text.index(",", spans[number][2]) + 1 :]


def bytes_of(text: str) -> bytes:
    return text.encode("utf-8", errors="surrogateescape")


def leniently(raw: bytes, shape: type[AnyShape], besides: tuple[str, ...] = ()) -> tuple[AnyShape, bool] | Broken:
    entry = anything(raw)
    if not isinstance(entry, dict):
        return Broken(raw, "The entry is no JSON object that can be read.")
    if isinstance(entry.get("id"), int | float) and not isinstance(entry["id"], bool):
        entry["id"] = str(entry["id"])
    return converted({key: value for key, value in entry.items() if key not in besides}, shape)


def loose(raw: bytes) -> dict[str, Any]:
    entry = anything(raw)
    return entry if isinstance(entry, dict) else {}


def anything(raw: bytes) -> Any:
    """The standard library's reading, which takes what the strict one refuses; None when it cannot either."""
    try:
        return json.loads(raw.decode(errors="replace"), strict=False, parse_int=whole_number)
    except (ValueError, RecursionError):
        return None


def whole_number(digits: str) -> int | float:
    """A number of any length; Python refuses to make an int of thousands of digits, which must not cost the item."""
    return int(digits) if len(digits) < 100 else float(digits)


def comment(raw: bytes) -> Comment | None:
    """A comment, as much of it as can be read; None when it is no object."""
    entry = anything(raw)
    return converted(entry, Comment)[0] if isinstance(entry, dict) else None


def converted(entry: dict[str, Any], shape: type[AnyShape]) -> tuple[AnyShape, bool]:
    """The object property by property: one of the wrong kind becomes None and is reported."""
    try:
        return msgspec.convert(entry, shape), False
    except (msgspec.ValidationError, RecursionError):
        values, partly = {}, False
        for field in msgspec.structs.fields(shape):
            try:
                values[field.name] = msgspec.convert(entry.get(field.encode_name), field.type)
            except (msgspec.ValidationError, RecursionError):
                values[field.name], partly = None, True
        return shape(**values), partly
