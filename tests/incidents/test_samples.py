"""Every record that Microsoft's services were seen to answer goes in and comes out with nothing lost."""

import json

import pytest
from django.core.management import call_command

from defender.shapes import Record, reading
from incidents import store

pytestmark = pytest.mark.django_db


def records(samples):
    """(kind, record) of every incident and alert in the captured answers."""
    for path in sorted((samples / "graph").glob("*.json")):
        body = json.loads(path.read_text())
        entries = body if isinstance(body, list) else body.get("value", [body])
        for entry in entries if isinstance(entries, list) else []:
            entry = entry.get("ms-graph", entry) if isinstance(entry, dict) else {}
            if "id" in entry:
                kind = "alerts" if "alert" in path.name and "incident" not in path.name else "incidents"
                yield path.name, kind, entry


def test_every_sample_comes_back_from_export(tenant, samples, capsys):
    given = {"incidents": {}, "alerts": {}}
    for number, (name, kind, entry) in enumerate(records(samples)):
        # Other tenants' answers, and ids that several files share: made this tenant's own, the rest untouched.
        entry = {**entry, "id": f"{entry['id']}-{number}", "tenantId": str(tenant.entra_id)}
        if entry.get("alerts"):
            entry["alerts"] = [{**alert, "id": f"{alert['id']}-{number}", "tenantId": ""} for alert in entry["alerts"]]
        record = (reading.incident if kind == "incidents" else reading.alert)(json.dumps(entry).encode())
        assert isinstance(record, Record), name
        assert not record.partly_read, name
        store.store(tenant, kind, [record])
        given["alerts"] |= {alert["id"]: alert for alert in entry.get("alerts", [])}
        given[kind][entry["id"]] = {key: value for key, value in entry.items() if key != "alerts"}
    assert len(given["incidents"]) >= 6
    assert len(given["alerts"]) >= 8

    call_command("export", "incidents")
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert {line["microsoft_id"]: line["raw"] for line in lines if line["microsoft_id"]} == given["incidents"]
    assert {alert["microsoft_id"]: alert["raw"] for line in lines for alert in line["alerts"]} == given["alerts"]
