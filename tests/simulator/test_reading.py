"""Lists and single items: options, order, paging, limits, and who may read."""

from datetime import timedelta
from typing import Any

import pytest

from simulator import odata
from simulator.tenant import Tenant
from tests.simulator.conftest import NOON, Cloud


@pytest.fixture
def many(stellan: Tenant) -> Tenant:
    """Seven incidents, an hour apart."""
    for hours in range(7, 0, -1):
        stellan.add_story(NOON - timedelta(hours=hours), kind="malware")
    return stellan


def ids(body: Any) -> list[str]:
    return [item["id"] for item in body["value"]]


def test_pages_follow_each_other_without_gap_or_repeat(cloud: Cloud, many: Tenant) -> None:
    pages = list(cloud.pages(many, "incidents?$top=3&$orderby=lastUpdateDateTime asc&$count=true"))
    assert [ids(page) for page in pages] == [["1", "2", "3"], ["4", "5", "6"], ["7"]]
    assert {page["@odata.count"] for page in pages} == {7}
    assert pages[0]["@odata.nextLink"].startswith("https://graph.microsoft.com/v1.0/security/incidents?$top=3&")
    assert "@odata.nextLink" not in pages[-1]


def test_without_a_wish_the_newest_comes_first(cloud: Cloud, many: Tenant) -> None:
    assert ids(cloud.ask(many, "incidents?$top=2").get_json()) == ["7", "6"]


@pytest.mark.parametrize(
    ("order", "status", "first"), [("honoured", 200, "1"), ("ignored", 200, "7"), ("refused", 400, None)]
)
def test_a_tenant_may_honour_ignore_or_refuse_the_order(
    cloud: Cloud, many: Tenant, order: str, status: int, first: str | None
) -> None:
    many.order = order
    answer = cloud.ask(many, "incidents?$orderby=lastUpdateDateTime asc")
    assert answer.status_code == status
    assert first is None or ids(answer.get_json())[0] == first


def test_an_update_between_two_pages_hides_nothing(cloud: Cloud, many: Tenant) -> None:
    first = cloud.ask(many, "incidents?$top=3&$orderby=lastUpdateDateTime asc").get_json()
    many.touch("2")
    rest = [item for page in cloud.pages(many, first["@odata.nextLink"]) for item in page["value"]]
    assert [item["id"] for item in rest] == ["4", "5", "6", "7", "2"]


def test_a_skip_token_means_nothing_to_another_tenant_or_when_changed(cloud: Cloud, many: Tenant) -> None:
    link = cloud.ask(many, "incidents?$top=3").get_json()["@odata.nextLink"]
    other = cloud.world.tenant("Orchard & Pine LLP")
    assert cloud.ask(other, link).status_code == 400
    assert cloud.ask(many, link[:-1] + ("0" if link[-1] != "0" else "1")).status_code == 400


@pytest.mark.parametrize(
    ("path", "text"),
    [
        (
            "incidents?$top=100",
            "The limit of '50' for Top query has been exceeded. The value from the incoming request is '100'.",
        ),
        (
            "alerts_v2?$top=1001",
            "The limit of '1000' for Top query has been exceeded. The value from the incoming request is '1001'.",
        ),
        (
            "alerts_v2?$skip=501",
            "The limit of '500' for Skip query has been exceeded. The value from the incoming request is '501'.",
        ),
        ("incidents?$top=-1", "Invalid value '-1' for $top"),
        ("incidents?$search=x", "'$search' is not supported"),
        ("incidents?$expand=evidence", "'evidence' to expand"),
        ("incidents?$orderby=severity", "'severity' is not supported"),
        ("alerts_v2?$filter=investigationState eq 'queued'", "'investigationState'"),
        ("incidents?$filter=serviceSource eq 'microsoftSentinel'", "'serviceSource'"),
    ],
)
def test_what_is_not_allowed_is_refused_by_name(cloud: Cloud, stellan: Tenant, path: str, text: str) -> None:
    answer = cloud.ask(stellan, path)
    assert answer.status_code == 400
    assert text in answer.get_json()["error"]["message"]


def test_a_filter_compares_the_seventh_digit(cloud: Cloud, many: Tenant) -> None:
    many.incidents["3"]["lastUpdateDateTime"] = "2026-05-04T08:00:00.1234567Z"
    after = cloud.items(many, "incidents?$filter=lastUpdateDateTime gt 2026-05-04T08:00:00.1234566Z")
    later = cloud.items(many, "incidents?$filter=lastUpdateDateTime gt 2026-05-04T08:00:00.1234567Z")
    assert {item["id"] for item in after} - {item["id"] for item in later} == {"3"}


def test_expand_brings_the_alerts_that_the_incident_has(cloud: Cloud, many: Tenant) -> None:
    (item,) = cloud.ask(many, "incidents?$expand=alerts&$top=1").get_json()["value"]
    assert item["alerts"] == cloud.ask(many, f"incidents/{item['id']}/alerts").get_json()["value"] != []


def test_select_leaves_the_rest_out(cloud: Cloud, many: Tenant) -> None:
    (item,) = cloud.ask(many, "incidents?$top=1&$select=severity").get_json()["value"]
    assert set(item) == {"id", "severity"}


def test_late_enum_members_need_the_prefer_header(cloud: Cloud, stellan: Tenant) -> None:
    stellan.touch(stellan.add_story(kind="container")["id"], status="awaitingAction")
    assert cloud.ask(stellan, "incidents/1").get_json()["status"] == "awaitingAction"
    assert cloud.ask(stellan, "incidents/1", headers={"Prefer": ""}).get_json()["status"] == "unknownFutureValue"
    (alert,) = cloud.ask(stellan, "alerts_v2", headers={"Prefer": ""}).get_json()["value"]
    assert (alert["serviceSource"], alert["detectionSource"]) == ("unknownFutureValue", "unknownFutureValue")


def test_the_151st_request_of_a_minute_is_told_when_to_come_back(cloud: Cloud, stellan: Tenant) -> None:
    assert {cloud.ask(stellan, "incidents?$top=1").status_code for _ in range(150)} == {200}
    refused = cloud.ask(stellan, "incidents?$top=1")
    assert (refused.status_code, refused.headers["Retry-After"]) == (429, "60")
    assert cloud.ask(cloud.world.tenant("Orchard & Pine LLP"), "incidents").status_code == 200
    cloud.world.advance(60)
    assert cloud.ask(stellan, "incidents?$top=1").status_code == 200


@pytest.mark.parametrize("header", ["", "Bearer x.y.z", "Basic eDp5"])
def test_a_token_that_does_not_hold_is_refused(cloud: Cloud, stellan: Tenant, header: str) -> None:
    answer = cloud.ask(stellan, "incidents", headers={"Authorization": header})
    assert (answer.status_code, answer.get_json()["error"]["code"]) == (401, "InvalidAuthenticationToken")


def test_a_missing_role_is_named(cloud: Cloud, stellan: Tenant) -> None:
    stellan.grant({"SecurityAlert.Read.All"})
    answer = cloud.ask(stellan, "incidents")
    assert answer.status_code == 403
    assert answer.get_json()["error"]["message"] == (
        "Missing application roles. API required roles: SecurityIncident.Read.All,SecurityIncident.ReadWrite.All, "
        "application roles: SecurityAlert.Read.All."
    )
    assert cloud.ask(stellan, "alerts_v2").status_code == 200
    assert cloud.ask(stellan, "alerts_v2/x/comments", "POST", json={}).status_code == 403


def test_the_clients_own_request_id_comes_back(cloud: Cloud, stellan: Tenant) -> None:
    answer = cloud.ask(stellan, "incidents", headers={"client-request-id": "mine"})
    assert answer.headers["client-request-id"] == "mine"
    assert answer.headers["request-id"] and answer.headers["Date"]


def test_ticks_order_dates_of_any_precision() -> None:
    dates = [
        "2026-01-01T00:00:00Z",
        "2026-01-01T00:00:00.0000001Z",
        "2026-01-01T00:00:00.1Z",
        "2026-01-01T01:00:00.11+00:30",
    ]
    ticks = [odata.ticks(date) for date in dates]
    assert ticks == sorted(set(ticks))
