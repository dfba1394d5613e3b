"""What goes wrong on order, and the control address."""

import json
import socket
import subprocess
import sys
from typing import Any

import httpx
import jwt
import pytest

from simulator import server
from simulator.tenant import Tenant
from simulator.world import World
from tests.simulator.conftest import NOON, Cloud


@pytest.fixture
def some(stellan: Tenant) -> Tenant:
    for _ in range(3):
        stellan.add_story(kind="malware")
    return stellan


@pytest.mark.parametrize(
    ("kind", "value", "status", "headers", "text"),
    [
        ("throttle", None, 429, {"Retry-After": None}, "TooManyRequests"),
        ("throttle", "Wed, 06 May 2026 12:00:00 GMT", 429, {"Retry-After": "Wed, 06 May 2026 12:00:00 GMT"}, "TooMany"),
        ("status", 503, 503, {}, "UnknownError"),
        ("html", None, 200, {"Content-Type": "text/html; charset=utf-8"}, "<html>"),
        ("html", 503, 503, {"Content-Type": "text/html; charset=utf-8"}, "<html>"),
        ("empty", None, 200, {}, ""),
        ("redirect", None, 302, {"Location": "https://elsewhere.example/"}, ""),
        ("partial", None, 206, {"Warning": '199 - "Vendor/Provider/504/10000"'}, '"value"'),
        ("unauthorized", None, 401, {}, "InvalidAuthenticationToken"),
        ("forbidden", None, 403, {}, "Missing application roles"),
        ("nul", None, 200, {}, "before\\u0000after"),
        ("surrogate", None, 200, {}, "half \\ud83d a face"),
        ("item", "5", 200, {}, '"value": [5, {'),
        ("next_link", "https://evil.example/x", 200, {}, '"@odata.nextLink": "https://evil.example/x"'),
    ],
)  # fmt: skip
def test_a_fault_shows_once_and_then_all_is_well(
    cloud: Cloud, some: Tenant, kind: str, value: Any, status: int, headers: dict[str, str | None], text: str
) -> None:
    cloud.world.faults.add(kind, value=value, tenant=some.id, path="incidents")
    assert cloud.ask(some, "alerts_v2").status_code == 200
    answer = cloud.ask(some, "incidents")
    assert answer.status_code == status
    assert {name: answer.headers.get(name) for name in headers} == headers
    assert text in answer.get_data(as_text=True)
    assert len(cloud.ask(some, "incidents").get_json()["value"]) == 3


def test_a_cut_answer_is_no_json(cloud: Cloud, some: Tenant) -> None:
    cloud.world.faults.add("cut")
    with pytest.raises(json.JSONDecodeError):
        json.loads(cloud.ask(some, "incidents").get_data())


def test_a_skip_token_may_expire_and_a_link_may_lead_in_a_circle(cloud: Cloud, some: Tenant) -> None:
    cloud.world.faults.add("skip_token")
    first = cloud.ask(some, "incidents?$top=2").get_json()
    assert cloud.ask(some, first["@odata.nextLink"]).status_code == 400
    cloud.world.faults.add("repeat")
    assert cloud.ask(some, "incidents?$top=2").get_json()["@odata.nextLink"].endswith("incidents?$top=2")


def test_pages_may_never_end_and_no_link_comes_twice(cloud: Cloud, some: Tenant) -> None:
    cloud.world.faults.add("endless", times=3)
    path, links = "incidents", set()
    for _ in range(3):
        body = cloud.ask(some, path).get_json()
        assert len(body["value"]) == 3
        path = body["@odata.nextLink"]
        links.add(path)
    assert len(links) == 3 and "@odata.nextLink" not in cloud.ask(some, path).get_json()


def test_a_poison_incident_fails_the_lists_that_would_hold_it_and_no_other_request(cloud: Cloud, some: Tenant) -> None:
    place = f"/_simulator/tenants/{some.id}/"
    assert cloud.client.post(place + "poison", json={"id": "2"}).status_code == 200
    rising = "incidents?$orderby=createdDateTime asc&$top="
    assert cloud.ask(some, "incidents").status_code == cloud.ask(some, rising + "2").status_code == 500
    assert cloud.ask(some, rising + "1").status_code == cloud.ask(some, "incidents/2").status_code == 200
    assert cloud.ask(some, "incidents/2/alerts").status_code == cloud.ask(some, "alerts_v2").status_code == 200
    cloud.client.post(place + "heal", json={"id": "2"})
    assert len(cloud.ask(some, "incidents").get_json()["value"]) == 3


def test_a_late_incident_is_seen_after_its_own_time(cloud: Cloud, some: Tenant) -> None:
    made = cloud.client.post(f"/_simulator/tenants/{some.id}/late", json={"seconds": 600, "kind": "malware"}).get_json()
    assert cloud.ask(some, f"incidents/{made['id']}").status_code == 404
    assert len(cloud.ask(some, "incidents").get_json()["value"]) == 3
    cloud.world.advance(601)
    seen = cloud.ask(some, f"incidents/{made['id']}").get_json()
    assert seen["createdDateTime"] == made["createdDateTime"]
    assert len(cloud.ask(some, "incidents").get_json()["value"]) == 4


def test_a_page_may_hold_too_much_or_what_is_not_ours(cloud: Cloud, some: Tenant) -> None:
    other = cloud.world.tenant("Orchard & Pine LLP")
    cloud.world.faults.add("oversize")
    assert len(cloud.ask(some, "incidents?$top=1").get_json()["value"]) == 3
    cloud.world.faults.add("foreign")
    assert cloud.ask(some, "incidents").get_json()["value"][0]["tenantId"] not in (some.id, "")
    assert other.id != some.id


def test_only_expand_fails(cloud: Cloud, some: Tenant) -> None:
    cloud.world.faults.add("expand", times=9)
    assert cloud.ask(some, "incidents").status_code == 200
    assert cloud.ask(some, "incidents?$expand=alerts").status_code == 500


def test_a_token_may_come_without_roles_or_from_a_wrong_clock(cloud: Cloud, stellan: Tenant) -> None:
    def claims() -> Any:
        return jwt.decode(cloud.token(stellan).get_json()["access_token"], options={"verify_signature": False})

    right = claims()
    cloud.world.faults.add("no_roles")
    assert "roles" not in claims()
    cloud.world.faults.add("skew", value=7200)
    assert claims()["nbf"] - right["nbf"] >= 7200


def test_a_fault_that_does_not_exist_is_refused(cloud: Cloud) -> None:
    with pytest.raises(ValueError, match="no fault 'nonsense'"):
        cloud.world.faults.add("nonsense")


def test_the_control_address_is_hidden_from_microsofts_hosts(cloud: Cloud, stellan: Tenant) -> None:
    assert cloud.entra("/_simulator/world").status_code == 404
    assert cloud.client.get("/_simulator/world", headers={"Host": "graph.microsoft.com"}).status_code == 401
    shown = cloud.client.get("/_simulator/world").get_json()
    assert (shown["client_id"], shown["tenants"][0]["id"]) == (cloud.world.client_id, stellan.id)


def test_orders_change_tenants_faults_and_the_clock(cloud: Cloud, stellan: Tenant) -> None:
    place = f"/_simulator/tenants/{stellan.id}/"
    made = [cloud.client.post(place + "story", json={"kind": "malware"}).get_json()["id"] for _ in range(2)]
    assert made == ["1", "2"]
    assert (
        cloud.client.post(place + "touch", json={"incident": "1", "severity": "high"}).get_json()["severity"] == "high"
    )
    cloud.client.post(place + "merge", json={"loser": "2", "survivor": "1"})
    assert stellan.status("2") == "redirected"
    cloud.client.post(place + "revoke", json={})
    assert not stellan.consented
    cloud.client.post(place + "grant", json={"roles": ["SecurityAlert.Read.All"]})
    assert (stellan.consented, stellan.roles) == (True, {"SecurityAlert.Read.All"})
    assert cloud.client.post("/_simulator/faults", json={"kind": "empty"}).get_json()["faults"] == 1
    assert cloud.client.delete("/_simulator/faults").get_json()["faults"] == 0
    assert (
        cloud.client.post("/_simulator/clock", json={"now": "2026-05-04T13:00:00Z"})
        .get_json()["now"]
        .startswith("2026-05-04T13")
    )


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [("faults", {"kind": "nonsense"}, 400), ("faults", {}, 400), ("clock", {"advance": -5}, 400), ("tenants/none/grant", {}, 404),
     ("nothing", {}, 404)],
)  # fmt: skip
def test_an_order_that_cannot_be_obeyed_gets_a_sentence(cloud: Cloud, path: str, body: Any, status: int) -> None:
    answer = cloud.client.post(f"/_simulator/{path}", json=body)
    assert answer.status_code == status
    assert answer.get_json()["error"]


def test_the_server_answers_by_host_over_a_socket() -> None:
    with (
        server.start(World(seed=5, tenants=1, days=0, now=NOON)) as running,
        httpx.Client(base_url=running.url) as client,
    ):
        assert "simulated" in client.get("/").text
        refused = client.get("/v1.0/security/incidents", headers={"Host": "graph.microsoft.com"})
        keys = client.get("/common/discovery/v2.0/keys", headers={"Host": "login.microsoftonline.com"})
    assert (refused.status_code, keys.json()["keys"][0]["kty"]) == (401, "RSA")


def test_a_taken_port_gets_one_sentence() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        ended = subprocess.run(
            [sys.executable, "-m", "simulator", "--port", port], capture_output=True, text=True, timeout=60
        )
    assert (ended.returncode, ended.stdout) == (1, "")
    assert ended.stderr == f"Port {port} is taken: choose another with --port.\n"
