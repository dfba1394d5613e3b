"""kill -9 between what was sent and its answer: the change is carried once all the same."""

import os
import signal
import subprocess
import sys
import time

import pytest
from django.conf import settings as django_settings
from django.db import connection

from incidents.models import Edit
from incidents.triage import acts, claims
from tests.incidents.triage.conftest import carried, done, due, row, steps

pytestmark = pytest.mark.django_db(transaction=True)


def wait_for(condition, seconds=60):
    deadline = time.monotonic() + seconds
    while not condition() and time.monotonic() < deadline:
        time.sleep(0.05)
    assert condition()


def killed_when(arrived):
    """A worker carries what is due, and is killed as soon as Microsoft has it and before it hears of that."""
    due()
    cloud = [django_settings.MICROSOFT_CLOUD_URL, django_settings.ENTRA_CLIENT_ID, django_settings.ENTRA_CLIENT_SECRET]
    command = [sys.executable, "-m", "tests.incidents.triage.worker", str(connection.settings_dict["NAME"]), *cloud]
    worker = subprocess.Popen(command, cwd=django_settings.BASE_DIR)
    try:
        wait_for(arrived)
    finally:
        os.kill(worker.pid, signal.SIGKILL)
        worker.wait()
    edit = Edit.objects.get()
    assert edit.state == "pending" and edit.sent_at and edit.lease_session
    wait_for(lambda: gone(edit.lease_session))


def gone(session):
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT NOT EXISTS (SELECT FROM pg_stat_activity WHERE pid || '/' || backend_start = %s)", [session]
        )
        return cursor.fetchone()[0]


def test_a_field(incident, ines, directory, world):
    world.faults.add("slow", path="incidents/1", method="PATCH", value=30)
    done(ines, acts.SetStatus, incident, status="inProgress")
    killed_when(lambda: directory.status("1") == "inProgress")
    told = directory.incidents["1"]["lastUpdateDateTime"]
    world.advance(60)
    assert carried() == ["carried"]
    # It was found there, not sent again.
    assert directory.incidents["1"]["lastUpdateDateTime"] == told
    assert row(incident).status == "inProgress" and [step[0] for step in steps(incident)] == ["status"]


def test_a_comment(incident, ines, directory, world):
    world.faults.add("slow", path="comments", method="POST", value=30)
    done(ines, acts.Comment, incident, text="Called them.")
    killed_when(lambda: directory.incidents["1"]["comments"])
    Edit.objects.update(due_at=incident.first_seen_at)
    assert claims.claim_due() == []
    assert carried() == ["carried"]
    assert [one["comment"] for one in directory.incidents["1"]["comments"]] == ["Called them."]


def test_before_anything_was_sent(incident, ines, directory, world):
    world.faults.add("slow", path="incidents/1", method="GET", value=30)
    done(ines, acts.SetStatus, incident, status="inProgress")
    due()
    (held,) = claims.claim_due()
    Edit.objects.update(lease_session="1/gone")
    assert directory.status("1") == "active" and held.sent_at is None
    world.faults.clear()
    assert carried() == ["carried"] and directory.status("1") == "inProgress"
