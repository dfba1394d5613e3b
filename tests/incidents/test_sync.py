"""One tenant is read completely, once, and what fails stays where it is seen."""

import json
import subprocess
import sys
import time
from datetime import timedelta
from uuid import UUID

import pytest
from django.conf import settings as configured
from django.core.management import CommandError, call_command
from django.db import connection
from django.utils import timezone

from defender.shapes import reading
from incidents import leases, store, sync
from incidents.models import Alert, Evidence, Incident, SetAside, SyncState
from simulator import listing
from simulator.stories import STORIES
from tenants import connecting

pytestmark = pytest.mark.django_db


def many(directory, world, number):
    for index in range(number):
        directory.add_story(world.now - timedelta(minutes=number - index), STORIES[index % len(STORIES)], hostile=False)
    world.advance(3600)


def state(tenant, stream="incidents"):
    return SyncState.objects.get(tenant=tenant, stream=stream)


def stored(tenant):
    return dict(Incident.objects.filter(tenant=tenant).values_list("microsoft_id", "microsoft_updated_text"))


def wanted(directory):
    return {item["id"]: item["lastUpdateDateTime"] for item in directory.incidents.values()}


@pytest.mark.parametrize("order", ["honoured", "ignored", "refused"])
def test_all_pages_are_stored_whatever_the_order(tenant, directory, world, order):
    directory.order = order
    many(directory, world, 120)
    outcome = sync.pull(tenant)
    assert outcome.error == ""
    assert stored(tenant) == wanted(directory)
    assert Alert.objects.count() == len(directory.alerts)
    assert Evidence.objects.count() == sum(len(alert["evidence"]) for alert in directory.alerts.values())
    assert not Alert.objects.filter(incident=None).exists()


def test_a_second_pull_reads_the_overlap_and_changes_nothing(tenant, directory, world):
    many(directory, world, 60)
    first = sync.pull(tenant).counts
    second = sync.pull(tenant).counts
    assert (first.created, second.created, second.updated) == (60, 0, 0)
    assert 0 < second.fetched == second.unchanged < 60


def test_a_change_at_microsoft_arrives(tenant, directory, world):
    many(directory, world, 3)
    sync.pull(tenant)
    directory.touch("2", world.now, status="resolved", assignedTo="astrid@halden.example")
    assert sync.pull(tenant).counts.updated == 1
    changed = Incident.objects.get(microsoft_id="2")
    assert (changed.status, changed.assigned_to) == ("resolved", "astrid@halden.example")


def test_a_merged_incident_keeps_its_row_and_its_alerts_move(tenant, directory, world):
    many(directory, world, 2)
    sync.pull(tenant)
    directory.merge(world.now, "2", "1")
    sync.pull(tenant)
    loser, survivor = Incident.objects.get(microsoft_id="2"), Incident.objects.get(microsoft_id="1")
    assert (loser.status, loser.redirected_to, loser.alert_count) == ("redirected", "1", 0)
    assert survivor.alert_count == survivor.alerts.count() == len(directory.alerts)


def test_the_watermark_is_microsofts_own_text(tenant, directory, world):
    many(directory, world, 3)
    sync.pull(tenant)
    assert state(tenant).watermark in wanted(directory).values()


def test_a_failure_between_pages_keeps_the_position_and_not_the_watermark(tenant, directory, world):
    many(directory, world, 120)
    leases.ensure_states(tenant)
    claimed = leases.claim(tenant, "incidents")
    claimed.since = sync.window_start(claimed)
    pages = sync.CHANGED["incidents"](sync.cloud.graph(tenant), claimed.since)
    sync.commit(claimed, next(pages))
    world.faults.add("status", path="incidents", value=503, times=9)
    sync.finish([sync.read(claimed)])
    world.faults.clear()
    after = state(tenant)
    assert (after.watermark, after.error_kind, Incident.objects.count()) == ("", "microsoft_fault", 50)
    assert after.position
    assert sync.pull(tenant).error == ""
    assert stored(tenant) == wanted(directory)


def test_a_page_size_that_was_refused_once_is_not_asked_for_again(tenant, directory, world, monkeypatch):
    monkeypatch.setattr(listing, "LARGEST", {"incidents": 3, "alerts_v2": 4})
    sync.prepare(tenant)
    graphs = [sync.cloud.graph(tenant) for _ in range(2)]
    for graph in graphs:
        for changed in sync.CHANGED.values():
            assert len(list(changed(graph, "2024-01-01T00:00:00Z"))) == 1
    assert [graph.requests for graph in graphs] == [4, 2]


def test_a_window_that_rested_for_long_hides_nothing_that_arrived_meanwhile(tenant, directory, world, monkeypatch):
    monkeypatch.setattr(listing, "LARGEST", {"incidents": 3, "alerts_v2": 50})
    for _ in range(8):
        directory.add_story(world.now - timedelta(minutes=1), hostile=False)
    world.advance(1)
    monkeypatch.setattr(sync, "PAGES_A_TURN", 1)
    sync.prepare(tenant)
    sync.finish([sync.read(leases.claim(tenant, "incidents"))])
    assert state(tenant).position
    directory.add_story(world.now - timedelta(minutes=10), hostile=False)
    directory.events.clear()  # a later change would bring it anyway
    world.advance(40 * 60)
    SyncState.objects.update(began_at=timezone.now() - timedelta(minutes=40))
    directory.add_story(world.now, hostile=False)
    world.advance(1)
    for _ in range(2):
        assert sync.pull(tenant).error == ""
    assert stored(tenant).keys() == wanted(directory).keys()


def test_a_lost_lease_writes_nothing(tenant, directory, world):
    many(directory, world, 3)
    leases.ensure_states(tenant)
    stale = leases.claim(tenant, "incidents")
    leases.give_back(stale, timedelta())
    leases.claim(tenant, "incidents")
    assert "taken over" in sync.read(stale).error
    assert not Incident.objects.exists()


def test_a_leased_stream_is_left_alone_and_says_until_when(tenant):
    leases.ensure_states(tenant)
    held = leases.claim(tenant, "incidents")
    assert f"until {held.leased_until:%Y-%m-%d %H:%M:%S}" in sync.pull(tenant).error


def test_the_lease_of_a_session_that_is_gone_is_free(tenant):
    leases.ensure_states(tenant)
    leases.claim(tenant, "incidents")
    SyncState.objects.update(lease_session="1/gone")
    assert leases.claim(tenant, "incidents").fence == 2


@pytest.mark.parametrize(("wait", "least", "most"), [("90", 80, 91), (None, 3, 6), ("999999", 3500, 3601)])
def test_a_throttled_tenant_is_parked_in_the_database(tenant, directory, world, wait, least, most):
    world.faults.add("throttle", value=wait)
    began = timezone.now()
    assert "slow down" in sync.pull(tenant).error
    parked = (state(tenant, "alerts").parked_until - began).total_seconds()
    assert least <= parked <= most + 2
    assert "until" in sync.pull(tenant).error
    assert leases.claim_due() == []


def test_a_retry_after_of_nothing_parks_nobody(tenant, directory, world):
    many(directory, world, 2)
    world.faults.add("throttle", value="0")
    assert "slow down" in sync.pull(tenant).error
    assert sync.pull(tenant).error == ""
    assert stored(tenant) == wanted(directory)


def test_another_tenants_item_is_set_aside_and_never_exported(tenant, directory, world, capsys):
    many(directory, world, 2)
    other = next(one for one in world.tenants.values() if one is not directory)
    foreign = json.dumps(
        {"id": "77", "tenantId": other.id, "displayName": "not yours", "lastUpdateDateTime": "2026-01-01T00:00:00Z"}
    )
    world.faults.add("item", path="incidents", value=foreign)
    counts = sync.pull(tenant).counts
    assert (counts.fetched, counts.created, counts.bad) == (3, 2, 1)
    aside = SetAside.objects.get()
    assert json.loads(bytes(aside.raw)) == json.loads(foreign)
    call_command("export", "incidents")
    assert "not yours" not in capsys.readouterr().out


@pytest.mark.parametrize("item", ["5", '{"no": "id"}', "null", '{"id": ""}'])
def test_a_broken_item_costs_itself_only(tenant, directory, world, item):
    many(directory, world, 2)
    world.faults.add("item", path="incidents", value=item)
    counts = sync.pull(tenant).counts
    assert (counts.created, counts.bad) == (2, 1)


@pytest.mark.parametrize("title", ["\\u0000 nul", "\\ud800 lone", "\\u202e turned"])
def test_a_title_that_a_text_column_cannot_hold_is_kept_in_the_raw_json(tenant, directory, world, title):
    raw = '{"id": "900", "tenantId": "", "displayName": "%s", "lastUpdateDateTime": "2026-01-02T03:04:05.1Z"}'.replace(
        "%s", title
    )
    many(directory, world, 1)
    world.faults.add("item", path="incidents", value=raw)
    assert sync.pull(tenant).counts.created == 2
    assert bytes(Incident.objects.get(microsoft_id="900").raw).decode() == raw


@pytest.mark.parametrize("kind", ["html", "empty", "cut", "partial", "redirect"])
def test_an_answer_that_is_none_is_said_and_loses_nothing(tenant, directory, world, kind):
    many(directory, world, 2)
    world.faults.add(kind, path="incidents", times=9)
    assert sync.pull(tenant).error.endswith(".")
    world.faults.clear()
    assert sync.pull(tenant).error == ""
    assert stored(tenant) == wanted(directory)


def test_a_link_to_another_host_is_not_followed(tenant, directory, world):
    many(directory, world, 60)
    directory.order = "ignored"
    world.faults.add("next_link", path="incidents", value="https://evil.example/v1.0/security/incidents")
    assert "leads elsewhere" in sync.pull(tenant).error
    assert sync.pull(tenant).error == ""
    assert stored(tenant) == wanted(directory)


def test_an_alert_before_its_incident_waits_for_it(tenant, directory, world):
    many(directory, world, 1)
    leases.ensure_states(tenant)
    sync.pull_stream(tenant, "alerts", store.Counts())
    waiting = Alert.objects.filter(incident=None).count()
    assert waiting == len(directory.alerts) > 0
    sync.pull_stream(tenant, "incidents", store.Counts())
    assert Incident.objects.get().alert_count == waiting


def test_an_older_version_never_replaces_a_newer_one(tenant, directory, world):
    many(directory, world, 1)
    sync.pull(tenant)
    old = b'{"id": "1", "displayName": "old", "lastUpdateDateTime": "2020-01-01T00:00:00Z"}'
    counts = store.store(tenant, "incidents", [reading.incident(old)])
    assert (counts.updated, counts.unchanged) == (0, 1)
    assert Incident.objects.get().title != "old"


def test_a_time_in_the_far_future_never_becomes_the_watermark():
    assert sync.later("2026-01-01T00:00:00Z", "9999-01-01T00:00:00Z") == "2026-01-01T00:00:00Z"


def test_one_failing_customer_stops_no_other(tenant, directory, world, capsys):
    other = world.tenant("Mora Clinics")
    connecting.connect(other.name, UUID(other.id))
    many(other, world, 2)
    directory.consented = False
    sync.cloud.door.cache_clear()
    with pytest.raises(CommandError, match="1 of 2"):
        call_command("sync", "--json")
    rows = {row["customer"]: row for row in json.loads(capsys.readouterr().out)}
    assert rows[other.name]["created"] == 2
    assert "consent" in rows[directory.name]["error"]


def test_search_words_come_from_title_alerts_and_evidence(tenant, directory, world):
    many(directory, world, 2)
    sync.pull(tenant)
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM incidents_incident WHERE search @@ to_tsquery('simple', '''wks'' <-> ''0002'':*')"
        )
        assert cursor.fetchone()[0] == 1


@pytest.mark.django_db(transaction=True)
def test_a_killed_sync_loses_and_doubles_nothing(world, directory, settings):
    connecting.connect(directory.name, UUID(directory.id))
    many(directory, world, 300)
    database = connection.settings_dict["NAME"]
    code = (
        "import django; django.setup(); from django.db import connection;"
        f"connection.settings_dict['NAME'] = {database!r};"
        "from django.core.management import call_command; call_command('sync')"
    )
    env = {
        "PATH": "/usr/bin:/bin", "DJANGO_SETTINGS_MODULE": "tests.settings", "ENTRA_CLIENT_ID": world.client_id,
        "ENTRA_CLIENT_SECRET": world.client_secret, "SIMULATED": settings.MICROSOFT_CLOUD_URL,
    }  # fmt: skip
    code = code.replace(
        "django.setup();",
        "django.setup(); from django.conf import settings; import os; settings.MICROSOFT_CLOUD_URL = os.environ['SIMULATED'];",
    )
    for _ in range(3):
        process = subprocess.Popen(
            [sys.executable, "-c", code],
            cwd=configured.BASE_DIR,
            env=env,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        before, deadline = Incident.objects.count(), time.monotonic() + 30
        while Incident.objects.count() == before and process.poll() is None and time.monotonic() < deadline:
            time.sleep(0.005)
        process.kill()
        process.wait()
    deadline = time.monotonic() + 30
    while (row := sync.pull(next(iter(sync.Tenant.objects.all())))).error and time.monotonic() < deadline:
        time.sleep(0.2)
    assert row.error == ""
    assert dict(Incident.objects.values_list("microsoft_id", "microsoft_updated_text")) == wanted(directory)
    assert Alert.objects.count() == len(directory.alerts)
