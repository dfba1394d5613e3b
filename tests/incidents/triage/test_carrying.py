"""A worker carries each change once, whatever goes wrong between; somebody else's change is never written over."""

from datetime import timedelta

import pytest
from django.utils import timezone

from incidents import breaker
from incidents.models import Alert, Breaker, Budget, Edit, SyncState
from incidents.triage import acts, carrying, claims, undoing
from simulator.tenant import READ
from tests.incidents.triage.conftest import carried, done, due, forgotten, row, steps, trail

pytestmark = pytest.mark.django_db


def comments(directory, identity="1"):
    return [one["comment"] for one in directory.incidents[identity]["comments"]]


@pytest.mark.parametrize("kind", ["cut", "html", "slow", "status"])
def test_a_lost_answer_does_not_send_it_twice(incident, ines, directory, world, kind):
    value = {"slow": 0, "status": 503}.get(kind)
    world.faults.add(kind, path="incidents/1", method="PATCH", value=value)
    done(ines, acts.SetStatus, incident, status="inProgress")
    assert carried() in (["pending"], ["carried"])
    before = directory.incidents["1"]["lastUpdateDateTime"] if directory.status("1") == "inProgress" else None
    world.advance(60)
    carried()
    assert Edit.objects.get().state == "carried" and directory.status("1") == row(incident).status == "inProgress"
    assert before in (None, directory.incidents["1"]["lastUpdateDateTime"])
    assert [field for field, _, _ in steps(incident)].count("status") == 1


@pytest.mark.parametrize("kind", ["cut", "html", "status"])
def test_a_comment_whose_answer_was_lost_is_there_once(incident, ines, directory, world, kind):
    world.faults.add(kind, path="comments", method="POST", value=503 if kind == "status" else None)
    done(ines, acts.Comment, incident, text="Called them.")
    assert carried() == ["pending"]
    assert len(comments(directory)) == (1 if kind == "cut" else 0)
    assert carried() == ["carried"]
    assert comments(directory) == ["Called them."]


def test_a_comment_that_stood_there_before_is_said_again(incident, ines, directory):
    for _ in range(2):
        done(ines, acts.Comment, incident, text="Still waiting.")
        assert carried() == ["carried"]
    assert comments(directory) == ["Still waiting."] * 2
    assert bytes(row(incident).raw).count(b"Still waiting.") == 2


def test_a_comment_that_may_be_on_its_way_waits_until_it_must_have_arrived(incident, ines):
    done(ines, acts.Comment, incident, text="x")
    Edit.objects.update(sent_at=timezone.now(), due_at=timezone.now())
    assert claims.claim_due() == []
    due()
    assert len(claims.claim_due()) == 1


def test_a_dead_worker_s_edit_is_free_at_once_and_a_living_one_s_is_not(incident, ines):
    done(ines, acts.SetStatus, incident, status="inProgress")
    due()
    (held,) = claims.claim_due()
    assert claims.claim_due() == []
    Edit.objects.update(lease_session="1/nobody")
    (taken,) = claims.claim_due()
    assert taken.fence == held.fence + 1
    carrying.carry(held)
    assert Edit.objects.get().state == "pending"
    carrying.carry(taken)
    assert Edit.objects.get().state == "carried"


def test_somebody_else_s_change_of_the_field_is_a_conflict_with_both_sides(incident, ines, directory):
    done(ines, acts.Assign, incident, to=ines)
    directory.touch("1", assignedTo="kim@halden.example", lastModifiedBy="kim@halden.example")
    assert carried() == ["conflict"]
    edit = Edit.objects.get()
    assert (edit.theirs, edit.changed_by) == ({"assignedTo": "kim@halden.example"}, "kim@halden.example")
    assert row(incident).assigned_to == "kim@halden.example" == directory.incidents["1"]["assignedTo"]
    assert steps(incident) == [("assigned_to", "", "kim@halden.example")]
    assert trail()[-1][1] == "refused"


def test_another_field_or_the_same_value_is_none(incident, ines, directory, world):
    done(ines, acts.Assign, incident, to=ines)
    world.advance(5)
    directory.touch("1", severity="low", assignedTo=ines.email.upper())
    assert carried() == ["carried"]


@pytest.mark.parametrize("choice, stays", [("mine", "ines@northwatch.example"), ("theirs", "kim@halden.example")])
def test_a_person_chooses_a_side(incident, ines, directory, choice, stays):
    done(ines, acts.Assign, incident, to=ines)
    directory.touch("1", assignedTo="kim@halden.example")
    carried()
    undoing.choose(ines, Edit.objects.get().pk, choice)
    assert row(incident).assigned_to == stays
    carried()
    assert directory.incidents["1"]["assignedTo"] == row(incident).assigned_to == stays
    assert not Edit.objects.filter(state__in=["conflict", "pending"]).exists()


def test_a_lost_permission_is_refused_with_who_must_act_and_tried_again(incident, ines, directory):
    done(ines, acts.SetStatus, incident, status="inProgress")
    directory.roles = set(READ)
    forgotten()
    assert carried() == ["refused"]
    edit = Edit.objects.get()
    assert edit.must_act == "customer" and "SecurityIncident.ReadWrite.All" in edit.problem
    assert row(incident).status == "active"
    directory.grant()
    forgotten()
    undoing.choose(ines, edit.pk, "retry")
    assert carried() == ["carried"] and directory.status("1") == "inProgress"


def test_an_item_that_is_gone_is_refused(incident, ines, directory):
    done(ines, acts.SetStatus, incident, status="inProgress")
    del directory.incidents["1"]
    assert carried() == ["refused"]
    assert row(incident).status == "active"


def test_a_request_that_microsoft_rejects_is_refused(incident, ines, directory):
    done(ines, acts.SetStatus, incident, status="inProgress")
    Edit.objects.update(changes={"status": "nonsense"})
    assert carried() == ["refused"] and Edit.objects.get().must_act == "us"


def test_a_throttled_directory_is_parked_and_no_worker_waits(incident, ines, tenant, world):
    SyncState.objects.get_or_create(tenant=tenant, customer=tenant.customer, stream="incidents")
    world.faults.add("throttle", path="incidents/1", value="300")
    done(ines, acts.SetStatus, incident, status="inProgress")
    assert carried() == ["pending"]
    edit, state = Edit.objects.get(), SyncState.objects.filter(tenant=tenant).first()
    assert edit.due_at > timezone.now() + timedelta(minutes=4) and state.parked_until > timezone.now()
    due()
    assert claims.claim_due() == []
    SyncState.objects.update(parked_until=None)
    assert carried() == ["carried"]


def test_an_overdrawn_budget_puts_the_other_edits_off(incident, ines, tenant):
    done(ines, acts.SetStatus, incident, status="inProgress")
    done(ines, acts.Comment, Alert.objects.first(), text="x")
    due()
    (first,) = claims.claim_due()
    Budget.objects.update(remaining=-50, counted_at=timezone.now())
    carrying.carry(first)
    assert Edit.objects.get(state="pending").due_at > timezone.now() + timedelta(minutes=1)


def test_a_refused_credential_blames_nobody_and_the_edit_waits(incident, ines, settings):
    good, settings.ENTRA_CLIENT_SECRET = settings.ENTRA_CLIENT_SECRET, "wrong"
    done(ines, acts.SetStatus, incident, status="inProgress")
    for _ in range(breaker.FAILURES):
        assert carried() == ["pending"]
    assert Breaker.objects.get().opened_at and Edit.objects.get().must_act == "us"
    settings.ENTRA_CLIENT_SECRET = good
    assert carried() == ["carried"]
    assert not breaker.is_open()


def test_a_cloud_that_stays_down_is_told_in_the_end(incident, ines, world):
    done(ines, acts.SetStatus, incident, status="inProgress")
    world.faults.add("status", path="incidents/1", value=503, times=50)
    stands = [carried() for _ in range(carrying.MOST_ATTEMPTS)]
    assert stands == [["pending"]] * (carrying.MOST_ATTEMPTS - 1) + [["refused"]]
    assert Edit.objects.get().must_act == "microsoft" and row(incident).status == "active"


def test_a_disconnected_customer_s_edit_is_refused(incident, ines, tenant):
    done(ines, acts.SetStatus, incident, status="inProgress")
    type(tenant).objects.update(state="disconnected")
    assert carried() == ["refused"]
    assert row(incident).status == "active"


def test_a_withdrawn_edit_is_not_carried_by_who_held_it(incident, ines, directory):
    batch = done(ines, acts.SetStatus, incident, status="inProgress").batch
    due()
    (held,) = claims.claim_due()
    Edit.objects.update(leased_until=None)
    undoing.undo(ines, batch)
    carrying.carry(held)
    assert directory.status("1") == row(incident).status == "active"
