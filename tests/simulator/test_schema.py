"""Whatever the simulated Graph sends is what Microsoft's schema says."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from tests.simulator.conftest import Cloud

Problems = Callable[[str, Any], list[str]]


@pytest.fixture(scope="session")
def problems(samples: Path) -> Problems:
    schema = json.loads((samples / "schema" / "graph-security-v1.0.schema.json").read_text())
    made: dict[str, Draft202012Validator] = {}

    def found(entry: str, body: Any) -> list[str]:
        checker = made.setdefault(entry, Draft202012Validator({**schema, "$ref": f"#/$defs/{entry}"}))
        return [f"{error.json_path}: {error.message}" for error in checker.iter_errors(body)]

    return found


@pytest.mark.parametrize("path", ["incidents?$expand=alerts", "alerts_v2?$top=100&$count=true"])
def test_every_page_of_a_customer_is_valid(history: Cloud, problems: Problems, path: str) -> None:
    entry = "page.incidents" if path.startswith("incidents") else "page.alerts"
    tenant = history.world.tenant("Halden Energi")
    assert [problem for page in history.pages(tenant, path) for problem in problems(entry, page)] == []


def test_single_items_and_the_alerts_of_an_incident_are_valid(history: Cloud, problems: Problems) -> None:
    tenant = history.world.tenant("Mora Clinics")
    for number in list(tenant.incidents)[:40]:
        assert (
            problems("microsoft.graph.security.incident", history.ask(tenant, f"incidents/{number}").get_json()) == []
        )
        assert problems("page.alerts", history.ask(tenant, f"incidents/{number}/alerts").get_json()) == []
    for identity in list(tenant.alerts)[:40]:
        assert problems("microsoft.graph.security.alert", history.ask(tenant, f"alerts_v2/{identity}").get_json()) == []


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("incidents/none", 404),
        ("alerts_v2/none", 404),
        ("secureScores", 404),
        ("incidents?$filter=x", 400),
        ("incidents?$top=51", 400),
    ],
)
def test_errors_are_valid(history: Cloud, problems: Problems, path: str, status: int) -> None:
    answer = history.ask(history.world.tenant("Vesper Hotels"), path)
    assert answer.status_code == status
    assert problems("error", answer.get_json()) == []


def test_answers_to_changes_are_valid(cloud: Cloud, stellan: Any, problems: Problems) -> None:
    number = stellan.add_story()["id"]
    changed = cloud.ask(stellan, f"incidents/{number}", "PATCH", json={"status": "resolved"})
    said = cloud.ask(stellan, f"incidents/{number}/comments", "POST", json={"comment": "Seen."})
    assert problems("microsoft.graph.security.incident", changed.get_json()) == []
    assert problems("page.comments", said.get_json()) == []
