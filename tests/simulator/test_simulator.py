"""The simulated cloud answers as the documentation and the schema say."""

import json
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from werkzeug.test import Client

from simulator import odata
from simulator.app import application
from simulator.evidence import BUILDERS
from simulator.world import World


@pytest.fixture(scope="module")
def world():
    made = World(seed=11)
    made.freeze()
    return made


@pytest.fixture(scope="module")
def client(world):
    return Client(application(world))


def token(client, world, tenant, **changes):
    form = {"client_id": world.client_id, "client_secret": world.client_secret, "grant_type": "client_credentials",
            "scope": "https://graph.microsoft.com/.default", **changes}  # fmt: skip
    form = {key: value for key, value in form.items() if value is not None}
    return client.post(f"/{tenant.id}/oauth2/v2.0/token", data=form, headers={"Host": "login.microsoftonline.com"})


@pytest.fixture
def ask(client, world):
    world.requests.clear()

    def ask(path, tenant=None, method="GET", prefer=True, **options):
        tenant = tenant or world.tenant("Stellan Manufacturing")
        bearer = token(client, world, tenant).get_json()["access_token"]
        headers = {"Host": "graph.microsoft.com", "Authorization": f"Bearer {bearer}"}
        if prefer:
            headers["Prefer"] = "include-unknown-enum-members"
        return client.open(f"/v1.0/security/{path}", method=method, headers=headers, **options)

    return ask


def pages(ask, path, tenant):
    separator = "&" if "?" in path else "?"
    while path:
        body = ask(path, tenant).get_json()
        yield body
        path = body.get("@odata.nextLink", "").removeprefix("https://graph.microsoft.com/v1.0/security/")
    assert separator


def validator(samples, entry):
    schema = json.loads((samples / "schema" / "graph-security-v1.0.schema.json").read_text())
    return Draft202012Validator({"$ref": f"#/$defs/{entry}", "$defs": schema["$defs"]})


def test_every_collection_validates_against_the_schema(samples, ask, world):
    incidents, alerts = validator(samples, "page.incidents"), validator(samples, "page.alerts")
    for tenant in world.tenants.values():
        world.requests.clear()
        for body in pages(ask, "incidents", tenant):
            assert [error.message for error in incidents.iter_errors(body)] == []
        for body in pages(ask, "alerts_v2?$top=200", tenant):
            assert [error.message for error in alerts.iter_errors(body)] == []


def test_every_single_answer_and_error_validates(samples, ask):
    listed = ask("incidents?$top=3&$expand=alerts").get_json()
    assert [error.message for error in validator(samples, "page.incidents").iter_errors(listed)] == []
    for answer, status in (
        (ask("incidents/none"), 404),
        (ask("incidents?$top=51"), 400),
        (ask("incidents?$filter=x"), 400),
        (ask("nothing"), 404),
    ):
        assert answer.status_code == status
        assert [error.message for error in validator(samples, "error").iter_errors(answer.get_json())] == []


def test_all_48_kinds_of_evidence_occur(world):
    seen = {
        item["@odata.type"]
        for tenant in world.tenants.values()
        for alert in tenant.alerts.values()
        for item in alert["evidence"]
    }
    assert len(seen) == 48
    assert len(BUILDERS) == 49  # a server is a device


def test_no_two_incidents_are_alike_and_titles_agree_with_their_evidence(world):
    for tenant in world.tenants.values():
        stories = [
            (incident["displayName"], json.dumps([alert["evidence"] for alert in tenant.alerts_of(incident["id"])]))
            for incident in tenant.incidents.values()
        ]
        assert len(set(stories)) == len(stories) or not stories
        for alert in tenant.alerts.values():
            told = json.dumps(alert["evidence"], ensure_ascii=False)
            for word in alert["title"].split():
                if word.startswith(tenant.domain[:3].upper() + "-WKS"):
                    assert word in told


def test_the_same_seed_gives_the_same_world():
    begin = datetime(2026, 1, 1, tzinfo=UTC)
    one, other = (World(seed=5, tenants=3, days=20, now=begin + timedelta(days=20), begin=begin) for _ in range(2))
    other.frozen_at = one.frozen_at = datetime.now(UTC)
    assert [list(tenant.incidents) for tenant in one.tenants.values()] == [
        list(tenant.incidents) for tenant in other.tenants.values()
    ]
    assert list(one.tenants) == list(other.tenants)


def test_many_small_steps_are_one_large_step():
    begin = datetime(2026, 1, 1, tzinfo=UTC)
    worlds = [World(seed=5, tenants=3, days=0, now=begin, begin=begin) for _ in range(2)]
    for world in worlds:
        world.freeze()
        world.offset = begin - world.frozen_at
    worlds[0].advance(20 * 86400)
    for _ in range(40):
        worlds[1].advance(43200)
    assert [tenant.incidents for tenant in worlds[0].tenants.values()] == [
        tenant.incidents for tenant in worlds[1].tenants.values()
    ]


@pytest.mark.parametrize(
    ("changes", "status", "code"),
    [
        ({"client_secret": "wrong"}, 401, 7000215),
        ({"client_secret": None}, 401, 7000218),
        ({"scope": "https://graph.microsoft.com/User.Read"}, 400, 70011),
        ({"client_id": "00000000-0000-0000-0000-000000000000"}, 400, 700016),
        ({"client_secret": None, "client_assertion": "a.b.c"}, 401, 700027),
    ],
)
def test_each_token_error_has_its_code(client, world, changes, status, code):
    answer = token(client, world, world.tenant("Mora Clinics"), **changes)
    assert (answer.status_code, answer.get_json()["error_codes"]) == (status, [code])
    assert f"AADSTS{code}" in answer.get_json()["error_description"]


def test_graph_refuses_a_token_that_does_not_hold_and_a_role_that_lacks(client, world, ask):
    bad = client.get(
        "/v1.0/security/incidents", headers={"Host": "graph.microsoft.com", "Authorization": "Bearer x.y.z"}
    )
    assert (bad.status_code, bad.get_json()["error"]["code"]) == (401, "InvalidAuthenticationToken")
    tenant = world.tenant("Mora Clinics")
    kept, tenant.roles = tenant.roles, {"SecurityAlert.Read.All"}
    answer = ask("incidents", tenant)
    tenant.roles = kept
    assert answer.status_code == 403
    assert "API required roles: SecurityIncident.Read.All" in answer.get_json()["error"]["message"]


def test_more_than_150_requests_a_minute_are_throttled(ask, world):
    tenant = world.tenant("Vesper Hotels")
    answers = [ask("incidents?$top=1", tenant) for _ in range(151)]
    world.requests.clear()
    # The minute may turn once while we ask; then nobody is throttled and we ask the rest again.
    throttled = [answer for answer in answers if answer.status_code == 429]
    assert all(0 < int(answer.headers["Retry-After"]) <= 60 for answer in throttled)
    assert len(throttled) <= 1


def test_members_after_the_sentinel_need_the_prefer_header(ask):
    path = "alerts_v2?$top=1&$filter=serviceSource eq 'microsoftSentinel'"
    assert ask(path).get_json()["value"][0]["serviceSource"] == "microsoftSentinel"
    assert ask(path, prefer=False).get_json()["value"][0]["serviceSource"] == "unknownFutureValue"


def test_a_patch_changes_what_may_be_changed_and_resolving_resolves_the_alerts(ask, world):
    tenant = world.tenant("Stellan Manufacturing")
    incident = next(
        item
        for item in reversed(tenant.incidents.values())
        if item["status"] == "active" and tenant.alerts_of(item["id"])
    )
    before = incident["lastUpdateDateTime"]
    answer = ask(
        f"incidents/{incident['id']}", method="PATCH", json={"status": "resolved", "classification": "truePositive"}
    )
    assert answer.get_json()["status"] == "resolved"
    assert answer.get_json()["lastUpdateDateTime"] != before
    assert {alert["status"] for alert in tenant.alerts_of(incident["id"])} == {"resolved"}
    for body in ({"status": "redirected"}, {"createdDateTime": "x"}, {"severity": "critical"}, []):
        assert ask(f"incidents/{incident['id']}", method="PATCH", json=body).status_code == 400
    said = ask(f"incidents/{incident['id']}/comments", method="POST", json={"comment": "hello"}).get_json()["value"]
    assert said[-1]["comment"] == "hello"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "x",
        "severity",
        "severity eq",
        "severity eq 'high' or",
        "(severity eq 'high'",
        "title eq 'x'",
        "severity eq 5",
        "createdDateTime gt 'x'",
        "severity eq 'high' 'low'",
        "severity eq high')",
    ],
)
def test_nonsense_is_no_filter(text):
    with pytest.raises(odata.BadFilter):
        odata.parsed(text, {"severity", "createdDateTime"})


TIMES = st.sampled_from(
    ["2026-01-01T00:00:00Z", "2026-01-01T00:00:00.1234567Z", "2026-01-01T00:00:00.1234568Z", "2026-01-02T00:00:00.5Z"]
)


@given(TIMES, TIMES, st.sampled_from(["eq", "ne", "gt", "ge", "lt", "le"]), st.sampled_from(["high", "low", "o'brien"]))
def test_filters_compare_as_python_does(at, bound, operator, severity):
    item = {"lastUpdateDateTime": at, "severity": severity}
    quoted = severity.replace("'", "''")
    test = odata.parsed(
        f"lastUpdateDateTime {operator} {bound} and (severity eq '{quoted}' or severity eq 'x')", set(item)
    )
    oracle = {"eq": at == bound, "ne": at != bound, "gt": ordinal(at) > ordinal(bound), "ge": ordinal(at) >= ordinal(bound),
              "lt": ordinal(at) < ordinal(bound), "le": ordinal(at) <= ordinal(bound)}  # fmt: skip
    assert test(item) is oracle[operator]


def ordinal(text):
    return [
        "2026-01-01T00:00:00Z",
        "2026-01-01T00:00:00.1234567Z",
        "2026-01-01T00:00:00.1234568Z",
        "2026-01-02T00:00:00.5Z",
    ].index(text)


def test_the_control_address_orders_faults_and_moves_the_clock(client, world):
    assert client.post("/_simulator/faults", json={"kind": "status", "value": 503}).status_code == 200
    assert len(world.faults.waiting) == 1
    client.delete("/_simulator/faults")
    before = world.now
    client.post("/_simulator/clock", json={"advance": 60})
    assert world.now - before == timedelta(seconds=60)
    assert client.get("/_simulator/world", headers={"Host": "login.microsoftonline.com"}).status_code == 404
