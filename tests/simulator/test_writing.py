"""What a client may change, and what comes of it."""

from typing import Any

import pytest

from simulator.tenant import Tenant
from tests.simulator.conftest import Cloud


def test_resolving_an_incident_resolves_its_alerts(cloud: Cloud, stellan: Tenant) -> None:
    stellan.add_story(kind="malware")
    cloud.world.advance(60)
    wanted = {
        "status": "resolved",
        "classification": "truePositive",
        "determination": "malware",
        "customTags": ["seen"],
    }
    changed = cloud.ask(stellan, "incidents/1", "PATCH", json=wanted).get_json()
    assert {key: changed[key] for key in wanted} == wanted
    assert changed["lastModifiedBy"].startswith("API-App:")
    assert changed["lastUpdateDateTime"].startswith("2026-05-04T12:01:00")
    assert {alert["status"] for alert in stellan.alerts_of("1")} == {"resolved"}
    assert cloud.items(stellan, "incidents?$filter=status eq 'resolved'")[0]["id"] == "1"


@pytest.mark.parametrize(
    "body",
    [{"status": "redirected"}, {"status": None}, {"severity": "critical"}, {"classification": "TruePositive"}, {"id": "2"},
     {"customTags": "x"}, {"customTags": [1]}, {"displayName": 5}, {"status": ["active"]}, [], "active", None],
)  # fmt: skip
def test_a_wrong_change_changes_nothing(cloud: Cloud, stellan: Tenant, body: Any) -> None:
    before = dict(stellan.add_story(kind="malware"))
    answer = cloud.ask(stellan, "incidents/1", "PATCH", json=body)
    assert (answer.status_code, answer.get_json()["error"]["code"]) == (400, "BadRequest")
    assert stellan.incidents["1"] == before


def test_an_alert_has_fewer_things_to_change(cloud: Cloud, stellan: Tenant) -> None:
    stellan.add_story(kind="malware")
    (identity,) = stellan.alerts
    changed = cloud.ask(
        stellan, f"alerts_v2/{identity}", "PATCH", json={"status": "resolved", "assignedTo": "a@b.example"}
    )
    assert changed.get_json()["resolvedDateTime"]
    assert cloud.ask(stellan, f"alerts_v2/{identity}", "PATCH", json={"severity": "low"}).status_code == 400
    assert stellan.status("1") == "active"


@pytest.mark.parametrize("collection", ["incidents", "alerts_v2"])
def test_a_comment_is_answered_with_all_comments(cloud: Cloud, stellan: Tenant, collection: str) -> None:
    stellan.add_story(kind="malware")
    identity = next(iter(stellan.incidents if collection == "incidents" else stellan.alerts))
    for text in ("first", "<b>second</b>"):
        body = {"@odata.type": "microsoft.graph.security.alertComment", "comment": text}
        answer = cloud.ask(stellan, f"{collection}/{identity}/comments", "POST", json=body)
    assert [said["comment"] for said in answer.get_json()["value"]] == ["first", "<b>second</b>"]
    assert cloud.ask(stellan, f"{collection}/{identity}/comments", "POST", json={}).status_code == 400


def test_writing_needs_the_role_for_it(cloud: Cloud, stellan: Tenant) -> None:
    stellan.add_story(kind="malware")
    stellan.grant({"SecurityIncident.Read.All", "SecurityAlert.ReadWrite.All"})
    answer = cloud.ask(stellan, "incidents/1", "PATCH", json={"status": "resolved"})
    assert answer.status_code == 403
    assert "SecurityIncident.ReadWrite.All, application roles:" in answer.get_json()["error"]["message"]


def test_nothing_is_deleted(cloud: Cloud, stellan: Tenant) -> None:
    stellan.add_story(kind="malware")
    assert cloud.ask(stellan, "incidents/1", "DELETE").status_code == 405
    assert cloud.ask(stellan, "incidents", "POST", json={}).status_code == 405


@pytest.mark.parametrize("collection", ["incidents", "alerts_v2"])
def test_a_determination_must_fit_the_classification(cloud: Cloud, stellan: Tenant, collection: str) -> None:
    stellan.add_story(kind="malware")
    identity = next(iter(stellan.items(collection)))

    def judged(**body: str) -> int:
        return cloud.ask(stellan, f"{collection}/{identity}", "PATCH", json=body).status_code

    assert judged(classification="truePositive", determination="notMalicious") == 400
    assert judged(determination="malware") == 400
    assert judged(classification="falsePositive", determination="notMalicious") == 200
    assert judged(classification="truePositive") == 400
    assert judged(classification="unknown", determination="unknown") == 200


def test_a_fault_can_be_meant_for_writing_only(cloud: Cloud, stellan: Tenant) -> None:
    stellan.add_story(kind="malware")
    cloud.world.faults.add("status", path="incidents/1", method="PATCH", value=503)
    assert cloud.ask(stellan, "incidents/1").status_code == 200
    assert cloud.ask(stellan, "incidents/1", "PATCH", json={"status": "resolved"}).status_code == 503
    assert stellan.status("1") == "active"


def test_a_comment_of_another_type_is_refused(cloud: Cloud, stellan: Tenant) -> None:
    stellan.add_story(kind="malware")
    body = {"@odata.type": "microsoft.graph.security.comment", "comment": "x"}
    assert cloud.ask(stellan, "incidents/1/comments", "POST", json=body).status_code == 400
