"""A world that is started again with its journal stands where it was left."""

import json
from pathlib import Path
from typing import Any

import httpx
import pytest

from simulator import orders, server
from simulator.journal import Journal, Unreadable
from simulator.world import World
from tests.simulator.conftest import CALLBACK, NOON, Cloud, Visitor, brought

FACTS = {"seed": 9, "begin": "2026-05-04T12:00:00+00:00"}


def started(file: Path, hours: float = 0) -> World:
    """The world of the journal, so many hours after its days have ended."""
    world = World(
        seed=9, tenants=3, days=12, now=NOON, begin=NOON, prepare=lambda made: orders.replay(made, Journal(file, FACTS))
    )
    world.advance(hours * 3600)
    return world


def everything(world: World) -> list[Any]:
    told = [(tenant.consented, tenant.roles, tenant.order, tenant.throttled, tenant.incidents, tenant.alerts,
             tenant.hidden, tenant.poison)
            for tenant in world.tenants.values()]  # fmt: skip
    return [*told, world.signin.redirects, world.monitor.redirects]


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "journal"


def test_every_order_is_done_again_at_its_time(file: Path) -> None:
    world = started(file)
    cloud = Cloud(world)
    one, two, three = world.tenants.values()
    number = next(number for number, item in one.incidents.items() if item["status"] == "active")
    steps: list[tuple[str, Any]] = [
        (f"tenants/{one.id}/story", {"kind": "malware", "severity": "high", "hostile": False}),
        (f"tenants/{one.id}/happen", {}),
        (f"tenants/{one.id}/alert", {}),
        (f"tenants/{one.id}/touch", {"incident": number, "customTags": ["seen"]}),
        (f"tenants/{one.id}/merge", {"loser": number, "survivor": str(len(one.incidents))}),
        (f"tenants/{one.id}/late", {"seconds": 60, "kind": "malware"}),
        (f"tenants/{one.id}/poison", {"id": number}),
        (f"tenants/{two.id}/grant", {"roles": ["SecurityAlert.Read.All"], "delay": 7200}),
        (f"tenants/{two.id}/order", {"order": "refused"}),
        (f"tenants/{two.id}/throttle", {"every": 4}),
        (f"tenants/{three.id}/revoke", {}),
        ("redirects", {"signin": [CALLBACK]}),
    ]
    for path, body in steps:
        world.advance(700.25)
        assert cloud.client.post(f"/_simulator/{path}", json=body).status_code == 200
    world.advance(86_400)
    again = started(file, 12 * 700.25 / 3600)
    again.advance(86_400)
    assert everything(again) == everything(world)
    assert (two.roles, two.throttled, three.consented) == ({"SecurityAlert.Read.All"}, 4, False)


def test_what_a_client_writes_stays(file: Path) -> None:
    world = started(file)
    cloud, tenant = Cloud(world), world.tenant("Stellan Manufacturing")
    number = next(number for number, item in tenant.incidents.items() if item["status"] == "active")
    alert = tenant.alerts_of(number)[0]["id"]
    world.advance(50)
    cloud.ask(tenant, f"incidents/{number}", "PATCH", json={"status": "resolved", "customTags": ["a"]})
    cloud.ask(tenant, f"alerts_v2/{alert}", "PATCH", json={"assignedTo": "somebody"})
    cloud.ask(tenant, f"incidents/{number}/comments", "POST", json={"comment": "naïve ☃ \u2028 😀"})
    cloud.ask(tenant, f"alerts_v2/{alert}/comments", "POST", json={"comment": "x"})
    again = started(file, 50 / 3600)
    assert everything(again) == everything(world)
    kept = again.tenant("Stellan Manufacturing")
    assert kept.incidents[number]["comments"][-1]["comment"] == "naïve ☃ \u2028 😀"
    assert kept.alerts[alert]["assignedTo"] == "somebody"


def test_a_consent_in_the_browser_stays(file: Path) -> None:
    world = started(file)
    world.consent_delay = 3
    tenant = world.tenant("Stellan Manufacturing")
    tenant.revoke()
    asked = {"client_id": world.client_id, "redirect_uri": CALLBACK}
    with server.start(world) as running:
        visitor = Visitor(running)
        with visitor.http:
            answer = visitor.pick(visitor.page(f"/{tenant.id}/adminconsent", asked), visitor.people(tenant.id)[0])
            brought(visitor.press(visitor.page(answer.headers["Location"]), "accept", without_write="1"))
    again = started(file, 4 / 3600).tenant("Stellan Manufacturing")
    assert again.roles == {"SecurityIncident.Read.All", "SecurityAlert.Read.All"}
    (kept,) = Journal(file, FACTS).orders()
    assert (kept.verb, kept.at, kept.tenant) == ("grant", NOON, tenant.id)


@pytest.mark.parametrize(
    ("path", "body"),
    [("touch", {"incident": "none"}), ("story", {"kind": "none"}), ("throttle", {"every": -1}), ("merge", {"loser": "1"}),
     ("grant", {"delay": "x"})],
)  # fmt: skip
def test_an_order_that_cannot_be_done_leaves_no_trace(file: Path, path: str, body: Any) -> None:
    world = started(file)
    tenant = world.tenant("Stellan Manufacturing")
    before = file.read_bytes()
    answer = Cloud(world).client.post(f"/_simulator/tenants/{tenant.id}/{path}", json=body)
    assert answer.status_code in (400, 404)
    assert file.read_bytes() == before
    assert tenant.add_story()["id"] == started(file).tenant(tenant.id).add_story()["id"]


def test_half_a_line_at_the_end_is_taken_away(file: Path) -> None:
    world = started(file)
    tenant = world.tenant("Stellan Manufacturing")
    orders.obey(world, tenant, "revoke", {})
    whole = file.read_bytes()
    file.write_bytes(whole + b'{"at": "2026-05')
    assert not started(file).tenant("Stellan Manufacturing").consented
    assert file.read_bytes() == whole


@pytest.mark.parametrize(
    "line",
    ["nonsense", "[]", "5", '{"at": "2026-05-04T12:00:00+00:00"}', '{"at": 5, "tenant": "", "verb": "x", "body": {}}', "\xff",
     '{"at": "2026-05-04T12:00:00+00:00", "tenant": "nobody", "verb": "revoke", "body": {}}'],
)  # fmt: skip
def test_a_line_that_is_no_order_is_named(file: Path, line: str) -> None:
    started(file)
    file.write_bytes(file.read_bytes() + line.encode("latin-1") + b"\n")
    with pytest.raises(Unreadable, match="journal"):
        started(file)


@pytest.mark.parametrize(
    ("verb", "body"), [("nonsense", {}), ("touch", {"incident": "none"}), ("throttle", {}), ("patch", [])]
)
def test_an_order_that_cannot_be_done_again_is_named(file: Path, verb: str, body: Any) -> None:
    tenant = started(file).tenant("Stellan Manufacturing")
    Journal(file, FACTS).write(NOON, tenant.id, verb, body)
    with pytest.raises(Unreadable, match=verb):
        started(file)


def test_a_journal_of_another_world_is_refused(file: Path) -> None:
    started(file)
    with pytest.raises(Unreadable, match="started with other options"):
        Journal(file, {**FACTS, "seed": 10})
    assert file.stat().st_mode & 0o077 == 0


def test_without_a_journal_orders_work_as_well(cloud: Cloud) -> None:
    with server.start(cloud.world) as running:
        url = f"{running.url}/_simulator/tenants/{next(iter(cloud.world.tenants))}/story"
        assert json.loads(httpx.post(url, json={}).text)["id"]
