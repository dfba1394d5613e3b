"""What a person asks for shows at once, is told to nobody yet, and is never undone by a read."""

import pytest

from incidents import details, sync
from incidents.models import Alert, DetailRead, Edit, Incident
from incidents.triage import acts, asking, claims, undoing, values
from incidents.triage.asking import Refused
from tests.incidents.triage.conftest import carried, done, row, steps, trail

pytestmark = pytest.mark.django_db
MALWARE = {"classification": "truePositive", "determination": "malware"}


def test_it_shows_at_once_and_is_recorded_but_microsoft_hears_nothing_yet(incident, ines, directory):
    outcome = done(ines, acts.Assign, incident, to=ines)
    edit = Edit.objects.get()
    assert row(incident).assigned_to == "ines@northwatch.example"
    assert (edit.changes, edit.seen, edit.state) == ({"assignedTo": ines.email}, {"assignedTo": ""}, "pending")
    assert (edit.by, edit.user, edit.seen_text) == ("Ines Ahlgren", ines, incident.microsoft_updated_text)
    assert outcome.done == [incident] and outcome.undoable
    assert directory.incidents["1"]["assignedTo"] is None
    assert trail() == [("edit", "asked", "worker")]
    assert steps(incident) == []


def test_a_version_that_arrives_meanwhile_does_not_undo_it_and_history_tells_only_microsofts_steps(
    incident, ines, directory, world, tenant
):
    done(ines, acts.Assign, incident, to=ines)
    world.advance(5)
    directory.touch("1", severity="high", status="inProgress")
    sync.pull(tenant)
    stored = row(incident)
    assert (stored.assigned_to, stored.status) == (ines.email, "inProgress")
    assert ("status", "active", "inProgress") in steps(incident)
    assert not [step for step in steps(incident) if step[0] == "assigned_to"]


def test_a_worker_carries_it_and_history_has_it_once(incident, ines, directory):
    done(ines, acts.Assign, incident, to=ines)
    assert carried() == ["carried"]
    assert directory.incidents["1"]["assignedTo"] == ines.email
    assert row(incident).assigned_to == ines.email
    assert steps(incident) == [("assigned_to", "", ines.email)]
    assert trail() == [("edit", "asked", "worker"), ("edit", "done", "worker")]


def test_only_changed_fields_are_sent(incident, ines, directory, monkeypatch):
    directory.touch("1", customTags=["theirs"], description="Theirs")
    done(ines, acts.SetStatus, incident, status="inProgress")
    carried()
    told = directory.incidents["1"]
    assert (told["status"], told["customTags"], told["description"]) == ("inProgress", ["theirs"], "Theirs")
    assert row(incident).tags == ["theirs"]


def test_what_is_so_already_is_done_without_an_edit(incident, ines):
    outcome = done(ines, acts.SetStatus, incident, status="active")
    assert outcome.done == [incident] and not Edit.objects.exists()


def test_resolving_takes_a_classification_and_reads_the_alerts_again(incident, ines, directory, tenant):
    DetailRead.objects.all().delete()
    assert done(ines, acts.Resolve, incident, pair=None, note="Gone").refused[0][1].startswith("A classification")
    done(ines, acts.Resolve, incident, pair=MALWARE, note="Cleaned.")
    assert row(incident).status == "resolved"
    assert carried() == ["carried"]
    told = directory.incidents["1"]
    assert (told["status"], told["determination"], told["resolvingComment"]) == ("resolved", "malware", "Cleaned.")
    planned = DetailRead.objects.get(microsoft_id="1")
    assert planned.step == -1
    state = sync.SyncState.objects.get(tenant=tenant, stream="details")
    details.read(state, sync.cloud.graph(tenant))
    assert set(Alert.objects.values_list("status", flat=True)) == {"resolved"}


def test_reopening_is_another_edit(incident, ines, directory):
    done(ines, acts.Resolve, incident, pair=MALWARE, note="x")
    carried()
    done(ines, acts.Reopen, incident)
    assert carried() == ["carried"]
    assert directory.status("1") == row(incident).status == "active"


def test_edits_of_one_item_go_in_their_order(incident, ines, directory):
    done(ines, acts.Assign, incident, to=ines)
    done(ines, acts.Comment, incident, text="Looking.")
    done(ines, acts.Unassign, incident)
    assert carried() == ["carried"] * 3
    assert directory.incidents["1"]["assignedTo"] is None
    assert [field for field, _, _ in steps(incident)] == ["assigned_to", "assigned_to"]


def test_tags_are_given_and_taken(incident, ines, directory):
    done(ines, acts.Tag, incident, add=["vip", "p1"], remove=[])
    done(ines, acts.Tag, incident, add=[], remove=["vip"])
    carried()
    assert directory.incidents["1"]["customTags"] == row(incident).tags == ["p1"]


def test_a_single_alert_and_one_without_incident_are_changed_too(incident, ines, directory, world, tenant):
    directory.add_alert(world.now)
    sync.pull(tenant)
    for alert in Alert.objects.all():
        done(ines, acts.Assign, alert, to=ines)
        done(ines, acts.Resolve, alert, pair=MALWARE, note="Cleaned.")
    assert set(carried()) == {"carried"}
    for alert in Alert.objects.all():
        told = directory.alerts[alert.microsoft_id]
        assert (told["status"], told["assignedTo"], told["determination"]) == ("resolved", ines.email, "malware")
        assert [one["comment"] for one in told["comments"]] == ["Cleaned."]
        assert (alert.status, alert.assigned_to) == ("resolved", ines.email)
    assert row(incident).status == "active"


def test_pairs_that_microsoft_does_not_take_are_refused():
    assert values.pair("falsePositive/notMalicious") == {
        "classification": "falsePositive",
        "determination": "notMalicious",
    }
    for wrong in ("falsePositive/malware", "truePositive", "/malware", "unknown/unknown", ""):
        with pytest.raises(ValueError):
            values.pair(wrong)


def test_who_may_read_only_is_told_who_must_act(incident, ines, tenant):
    type(tenant).objects.update(can_write=False)
    ((item, reason),) = done(ines, acts.Unassign, incident).refused
    assert item == incident and "administrator has to approve" in reason
    assert not Edit.objects.exists()


def test_nobody_is_given_what_they_may_not_see(incident, ines, analyst):
    assert "does not work for" in done(ines, acts.Assign, incident, to=analyst).refused[0][1]
    analyst.customers.add(incident.customer)
    assert done(ines, acts.Assign, incident, to=analyst).done == [incident]


def test_undo_before_it_is_sent_withdraws_it(incident, ines, directory):
    batch = done(ines, acts.Assign, incident, to=ines).batch
    assert undoing.undo(ines, batch).done == [incident]
    assert row(incident).assigned_to == ""
    assert carried() == [] and directory.incidents["1"]["assignedTo"] is None
    assert Edit.objects.get().state == "undone"
    assert trail()[-1][:2] == ("undo", "done")


def test_undo_after_it_was_carried_asks_for_the_reverse(incident, ines, directory):
    batch = done(ines, acts.Resolve, incident, pair=MALWARE, note="x").batch
    carried()
    undoing.undo(ines, batch)
    assert row(incident).status == "active"
    assert carried() == ["carried"]
    told = directory.incidents["1"]
    assert (told["status"], told["classification"], told["determination"]) == ("active", "unknown", "unknown")


def test_undo_is_for_who_asked_and_not_for_ever(incident, ines, operator):
    batch = done(ines, acts.Assign, incident, to=ines).batch
    assert undoing.undo(operator, batch).done == []
    Edit.objects.update(asked_at=incident.first_seen_at - undoing.LONGEST * 2)
    assert undoing.undo(ines, batch).done == []


def test_what_was_asked_for_over_a_withdrawn_edit_lies_over_what_was_before(incident, ines, operator, directory):
    batch = done(ines, acts.Assign, incident, to=ines).batch
    done(operator, acts.Assign, incident, to=operator)
    undoing.undo(ines, batch)
    assert row(incident).assigned_to == "Operator"
    assert carried() == ["carried"]
    assert directory.incidents["1"]["assignedTo"] == "Operator"


def test_a_merged_incident_is_left_as_microsoft_says(incident, ines, directory, world, tenant):
    done(ines, acts.SetStatus, incident, status="inProgress")
    directory.add_story(world.now)
    directory.merge(world.now, "1", "2")
    sync.pull(tenant)
    link = row(incident)
    assert link.status == "redirected" and link.survivor.microsoft_id == "2"
    assert carried() == ["refused"]
    assert "merged" in Edit.objects.get().problem
    with pytest.raises(Refused):
        asking.check(row(incident))


def test_an_edit_of_ten_seconds_is_not_due_before(incident, ines):
    done(ines, acts.Assign, incident, to=ines)
    done(ines, acts.Comment, Alert.objects.first(), text="x")
    assert {edit.is_comment for edit in asking.Edit.objects.all()} == {True, False}
    assert [edit.is_comment for edit in claims.claim_due(9)] == [True]


def test_all_rows_of_a_bulk_are_changed(incident, ines, directory, world, tenant):
    for _ in range(4):
        directory.add_story(world.now, hostile=False)
    sync.pull(tenant)
    outcome = done(ines, acts.Assign, *Incident.objects.all(), to=ines)
    assert len(outcome.done) == 5 and Incident.objects.filter(assigned_to=ines.email).count() == 5
    assert carried() == ["carried"] * 5
