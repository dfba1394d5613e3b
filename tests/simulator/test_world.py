"""The seed, the clock, and what happens as it goes on."""

from datetime import timedelta
from typing import Any

import pytest

from simulator.tenant import Tenant
from simulator.world import World
from tests.simulator.conftest import NOON, Cloud


def everything(world: World) -> list[Any]:
    return [(tenant.id, tenant.incidents, tenant.alerts) for tenant in world.tenants.values()]


def test_the_same_seed_gives_the_same_world() -> None:
    one, other = (World(seed=9, tenants=4, days=12, now=NOON) for _ in range(2))
    assert (one.client_id, one.client_secret) == (other.client_id, other.client_secret)
    assert everything(one) == everything(other)
    assert everything(World(seed=10, tenants=4, days=12, now=NOON)) != everything(one)


def test_another_day_only_moves_the_dates() -> None:
    one, other = (World(seed=9, tenants=2, days=12, now=NOON + timedelta(days=days)) for days in (0, 37))
    for tenant, twin in zip(one.tenants.values(), other.tenants.values(), strict=True):
        assert [item["displayName"] for item in tenant.incidents.values()] == [
            item["displayName"] for item in twin.incidents.values()
        ]
        assert [item["status"] for item in tenant.incidents.values()] == [
            item["status"] for item in twin.incidents.values()
        ]


def test_small_steps_of_the_clock_lead_where_one_big_step_leads() -> None:
    one, other = (World(seed=9, tenants=3, days=1, now=NOON) for _ in range(2))
    one.advance(14 * 86_400)
    for _ in range(14 * 24):
        other.advance(3600)
    assert everything(one) == everything(other)
    assert sum(len(tenant.incidents) for tenant in one.tenants.values()) > 50


def test_a_clients_change_alters_nothing_else_of_the_future() -> None:
    one, other = (World(seed=9, tenants=1, days=5, now=NOON) for _ in range(2))
    (tenant,) = other.tenants.values()
    touched = next(number for number, item in tenant.incidents.items() if item["status"] == "active")
    tenant.touch(touched, status="resolved")
    for world in (one, other):
        world.advance(10 * 86_400)
    (twin,) = one.tenants.values()
    titles = [[item["displayName"] for item in made.incidents.values()] for made in (twin, tenant)]
    assert titles[0] == titles[1]


def test_the_clock_does_not_go_back(cloud: Cloud) -> None:
    with pytest.raises(ValueError, match="does not go back"):
        cloud.world.advance(-1)


def test_evidence_and_alerts_arrive_late(cloud: Cloud, stellan: Tenant) -> None:
    stellan.add_story(kind="ransomware")
    (first,) = stellan.alerts_of("1")
    early, updated = len(first["evidence"]), first["lastUpdateDateTime"]
    cloud.world.advance(7 * 60)
    assert len(first["evidence"]) > early
    assert first["lastUpdateDateTime"] > updated
    assert stellan.incidents["1"]["lastUpdateDateTime"] == first["lastUpdateDateTime"]
    cloud.world.advance(30 * 60)
    assert len(stellan.alerts_of("1")) == 3


def test_a_merge_leaves_a_shell_that_points_to_the_survivor(cloud: Cloud, stellan: Tenant) -> None:
    for _ in range(3):
        stellan.add_story(kind="malware")
    stellan.merge(None, "3", "2")
    stellan.merge(None, "2", "1")
    shell = stellan.incidents["2"]
    assert (shell["status"], shell["redirectIncidentId"], shell["systemTags"]) == ("redirected", "1", ["Redirected"])
    assert {alert["incidentId"] for alert in stellan.alerts.values()} == {"1"}
    assert stellan.survivor("3") == "1"
    assert len(stellan.alerts_of("1")) == len(stellan.alerts) == 3
    with pytest.raises(ValueError, match="into itself"):
        stellan.merge(None, "1", "3")


def test_a_redirected_incident_of_the_default_world_has_no_alerts_and_leads_to_one_that_is_there(
    history: Cloud,
) -> None:
    found = 0
    for tenant in history.world.tenants.values():
        for number, item in tenant.incidents.items():
            if item["status"] == "redirected":
                found += 1
                assert tenant.alerts_of(number) == []
                assert tenant.status(tenant.survivor(number)) not in ("", "redirected")
    assert found > 10


def test_the_default_world_has_old_resolved_and_fresh_open_incidents(history: Cloud) -> None:
    items = [item for tenant in history.world.tenants.values() for item in tenant.incidents.values()]
    assert len(items) > 1_000
    assert {item["status"] for item in items} == {"active", "inProgress", "resolved", "redirected", "awaitingAction"}
    assert {item["severity"] for item in items} == {"unknown", "informational", "low", "medium", "high"}
    old = [item for item in items if item["createdDateTime"] < "2026-04-01"]
    assert sum(item["status"] == "resolved" for item in old) > 0.8 * len(old)
    assert any(
        alert["incidentId"] is None for tenant in history.world.tenants.values() for alert in tenant.alerts.values()
    )
    assert len(history.world.tenant("Quiet Harbour Trust").incidents) == 0


def test_dates_have_mixed_precision_and_the_seventh_digit_matters(history: Cloud) -> None:
    dates = [item["createdDateTime"] for item in history.world.tenant("Nordfjord Sparebank").incidents.values()]
    assert {len(date.rstrip("Z").partition(".")[2]) for date in dates} == set(range(8))
    assert len({date[-2] for date in dates if len(date) == 28}) > 3
