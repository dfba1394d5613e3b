"""An incident waits until its time, a change, a new alert or a person ends that; our own changes do not."""

from datetime import timedelta

import pytest
from django.utils import timezone

from incidents import sync, tasks
from incidents.models import Hold
from incidents.triage import acts, holds
from tests.incidents.triage.conftest import carried, done, row, trail

pytestmark = pytest.mark.django_db
LATER = timedelta(hours=1)


def held(incident):
    return row(incident).held


def waiting(user, incident, kind="snoozed", on_change=True, until=LATER):
    until = timezone.now() + until if until else None
    return done(user, acts.Wait, incident, kind=kind, reason="Their IT is out", until=until, on_change=on_change)


def why():
    return Hold.objects.latest("pk").why_ended


def test_it_stands_in_the_row_and_in_the_audit_trail(incident, ines):
    waiting(ines, incident, kind="waiting", until=None)
    hold = Hold.objects.get()
    assert (held(incident), hold.by, hold.reason, hold.until) == ("waiting", "Ines Ahlgren", "Their IT is out", None)
    assert done(ines, acts.Wake, incident).done == [incident]
    hold.refresh_from_db()
    assert (held(incident), hold.ended_by) == ("", "Ines Ahlgren")
    assert [action for action, _, _ in trail()] == ["hold", "wake"]
    assert done(ines, acts.Wake, incident).refused


def test_a_second_one_takes_the_place_of_the_first(incident, ines):
    waiting(ines, incident)
    waiting(ines, incident, kind="waiting")
    assert held(incident) == "waiting" and Hold.objects.filter(ended_at=None).count() == 1


def test_its_time_wakes_it_by_the_tick(incident, ines, monkeypatch):
    waiting(ines, incident)
    assert holds.wake_due() == 0 and held(incident) == "snoozed"
    Hold.objects.update(until=timezone.now())
    monkeypatch.setattr(tasks.wake, "apply_async", lambda **options: None)
    tasks.tick()
    assert held(incident) == "" and Hold.objects.get().ended_at


@pytest.mark.parametrize(
    "change", [{"severity": "informational"}, {"status": "inProgress"}, {"comments": [{"comment": "We have looked"}]}]
)
def test_a_change_at_microsoft_wakes_it_when_that_was_wanted(incident, ines, directory, world, tenant, change):
    for on_change in (True, False):
        waiting(ines, incident, on_change=on_change)
        world.advance(5)
        directory.touch("1", **change)
        sync.pull(tenant)
        assert held(incident) == ("" if on_change else "snoozed")
        world.advance(5)
        directory.touch("1", severity="high", status="active", comments=[])
        sync.pull(tenant)


def test_what_nobody_waits_for_wakes_nobody(incident, ines, directory, world, tenant):
    waiting(ines, incident)
    world.advance(5)
    directory.touch("1", priorityScore=3)
    sync.pull(tenant)
    assert held(incident) == "snoozed"


def test_a_new_alert_wakes_it(incident, ines, directory, world, tenant):
    waiting(ines, incident)
    world.advance(5)
    directory.add_alert(world.now, "1")
    sync.pull(tenant)
    assert held(incident) == "" and why() == "A new alert."


def test_our_own_changes_do_not_wake_it(incident, ines, directory):
    waiting(ines, incident)
    done(ines, acts.Assign, incident, to=ines)
    done(ines, acts.Comment, incident, text="Asked again.")
    assert carried() == ["carried"] * 2
    assert held(incident) == "snoozed"


def test_what_somebody_else_did_before_ours_was_sent_does(incident, ines, directory):
    waiting(ines, incident)
    done(ines, acts.Assign, incident, to=ines)
    directory.touch("1", severity="informational")
    carried()
    assert held(incident) == ""


@pytest.mark.parametrize("by_us", [True, False])
def test_the_end_of_the_incident_ends_it(incident, ines, directory, world, tenant, by_us):
    waiting(ines, incident, on_change=False)
    if by_us:
        pair = {"classification": "falsePositive", "determination": "notMalicious"}
        done(ines, acts.Resolve, incident, pair=pair, note="Nothing.")
    else:
        world.advance(5)
        directory.touch("1", status="resolved")
        sync.pull(tenant)
    assert held(incident) == "" and not Hold.objects.filter(ended_at=None).exists()


def test_a_time_that_has_passed_and_an_incident_that_has_ended_are_refused(incident, ines):
    assert waiting(ines, incident, until=-LATER).refused
    type(incident).objects.update(status="resolved")
    assert waiting(ines, incident).refused and not Hold.objects.exists()
