"""Administrators see how every directory is read, what is wrong and who must act; on a page and in a terminal."""

from datetime import timedelta
from io import StringIO
from uuid import UUID

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from incidents import health, leases, sync
from incidents.models import Breaker, Budget, Gap, SyncState
from tenants import cloud, connecting

pytestmark = pytest.mark.django_db


@pytest.fixture
def three(tenant, world):
    """A directory that is well, one that took its approval back, one that was never read."""
    found = [tenant]
    for name in ("Mora Clinics", "Stellan Manufacturing"):
        directory = world.tenant(name)
        found.append(connecting.connect(name, UUID(directory.id)))
    for each in found:
        leases.ensure_states(each)
    world.tenant("Mora Clinics").consented = False
    cloud.door.cache_clear()
    sync.pull(found[0])
    sync.pull(found[1])
    return found


def page(client, operator):
    client.force_login(operator)
    return client.get("/sync").content.decode()


def watched(*arguments):
    out = StringIO()
    call_command("sync", "--watch", "--once", *arguments, stdout=out)
    return out.getvalue()


def test_what_somebody_must_mend_stands_first(three, operator):
    rows = health.rows(operator)
    assert [row.level for row in rows] == ["err", "run", "ok"]
    assert [row.tenant.customer.name for row in rows] == ["Mora Clinics", "Stellan Manufacturing", "Halden Energi"]


def test_the_page_says_what_is_wrong_and_who_must_act(three, client, operator):
    shown = page(client, operator)
    assert "The customer must act." in shown
    assert "First read" in shown and "In order" in shown


def test_a_refused_credential_is_said_once_and_blames_nobody(three, client, operator):
    Breaker.objects.create(id=1, opened_at=timezone.now(), probe_at=timezone.now(), error="The secret is wrong.")
    shown = page(client, operator)
    assert shown.count("No directory can be read.") == 1
    assert "The secret is wrong." in shown
    assert "Nothing is read: The secret is wrong." in watched()


def test_as_many_queries_for_one_directory_as_for_all(three, operator, django_assert_num_queries):
    with django_assert_num_queries(5):
        health.rows(operator)


def test_what_may_still_be_asked_comes_back_with_time(three, operator, settings):
    settings.GRAPH_REQUESTS_PER_MINUTE = 60
    Budget.objects.update(remaining=0, counted_at=timezone.now() - timedelta(seconds=20))
    assert {row.remaining for row in health.rows(operator)} == {10}
    Budget.objects.update(remaining=-50)
    assert {row.remaining for row in health.rows(operator)} == {0}


def test_the_page_lists_what_is_missing(three, client, operator):
    owner = {"customer": three[0].customer, "tenant": three[0], "stream": "incidents"}
    Gap.objects.create(
        **owner, kind="count", day=timezone.now().date(), expected=412, found=409, reason="<b>3 short</b>"
    )
    Gap.objects.create(**owner, kind="poison", low="2026-11-01T00:00:00Z", high="2026-11-01T00:00:01Z")
    shown = page(client, operator)
    assert "409 of 412 are here." in shown
    assert "2026-11-01T00:00:00Z" in shown
    assert "&lt;b&gt;3 short" in shown and "<b>3 short" not in shown
    assert {row.tenant: row.gaps for row in health.rows(operator)}[three[0]] == 2


def test_nobody_but_administrators_sees_the_page(client, analyst):
    client.force_login(analyst)
    assert client.get("/sync").status_code == 404


def test_the_watch_shows_a_line_for_every_directory(three):
    lines = watched().splitlines()
    assert len([line for line in lines if line.startswith(("Mora", "Stellan", "Halden"))]) == 3
    assert "failing" in next(line for line in lines if line.startswith("Mora"))
    assert "never" in next(line for line in lines if line.startswith("Stellan"))


def test_the_watch_can_be_of_one_directory(three):
    shown = watched(str(three[0].entra_id))
    assert "Halden" in shown and "Mora" not in shown
    with pytest.raises(CommandError):
        watched(str(UUID(int=5)))


def test_the_watch_reads_nothing(three):
    before = set(SyncState.objects.values_list("pk", "fence", "claimed_at"))
    watched()
    assert set(SyncState.objects.values_list("pk", "fence", "claimed_at")) == before


def test_a_name_cannot_move_the_cursor(three):
    customer = three[0].customer
    customer.name = "Halden\x1b[2J"
    customer.save()
    assert "\x1b" not in watched()
