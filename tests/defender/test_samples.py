"""Every captured record of Graph is read with nothing lost."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from defender.graph import raw_page
from defender.shapes import Record, detail, kind, moment, name, nanoseconds, reading


def records(folder: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    """File name and record: incidents and alerts alone, in pages, or in lists of answers."""
    for path in sorted((folder / "graph").glob("*.json")):
        if "error" in path.name or "hunting" in path.name:
            continue
        yield from ((path.name, entry) for entry in entries(json.loads(path.read_text())))


def entries(found: Any) -> Iterator[dict[str, Any]]:
    if isinstance(found, list):
        for part in found:
            yield from entries(part)
    elif isinstance(found, dict) and "id" in found and ("displayName" in found or "title" in found):
        yield found
    elif isinstance(found, dict):
        for part in found.values():
            yield from entries(part)


def test_every_record_is_read_and_comes_back_whole(samples):
    found = list(records(samples))
    for file, entry in found:
        record = (reading.alert if "title" in entry else reading.incident)(json.dumps(entry).encode())
        assert isinstance(record, Record) and not record.partly_read, file
        back = json.loads(record.raw)
        if "alerts" in entry:
            back["alerts"] = [json.loads(alert.raw) for alert in record.alerts]
        assert back == entry, file
        assert record.id == str(entry["id"])
        updated = entry.get("lastUpdateDateTime")
        assert moment(updated) is not None and nanoseconds(updated) is not None, file
    # None is passed over: each record has the property once, embedded alerts too.
    texts = [path.read_text() for path in (samples / "graph").glob("*.json")]
    embedded = sum(len(entry.get("alerts") or ()) for _, entry in found)
    assert len(found) + embedded == sum(text.count('"lastUpdateDateTime"') for text in texts) > 0


def test_a_page_keeps_each_entry_byte_for_byte(samples):
    for path in (samples / "graph").glob("docs-list-*.json"):
        body = path.read_bytes()
        assert all(entry in body for entry in raw_page(body).entries)


def test_every_evidence_of_the_samples_has_kind_and_name(samples):
    for file, entry in records(samples):
        for alert in [entry] if "title" in entry else entry.get("alerts") or ():
            record = reading.alert(json.dumps(alert).encode())
            assert isinstance(record, Record)
            for item in record.evidence:
                assert item is not None and kind(item) != "unknown", file
                assert isinstance(name(item), str) and isinstance(detail(item), str)
