"""Any history of incidents, faults and kills ends with the store as Microsoft has it, once the faults have ended."""

import itertools
import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

import pytest
from django.db import connection
from django.db.models import F
from django.utils import timezone
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule, run_state_machine_as_test

from defender.shapes import moment
from incidents import sync
from incidents.models import Alert, Evidence, Gap, Incident, SetAside, SyncState
from simulator import listing

FAULTS = st.sampled_from([
    ("status", 500), ("status", 502), ("status", 503), ("status", 504), ("throttle", None), ("throttle", "0"),
    ("throttle", "7"), ("throttle", "999999"), ("throttle", "soon"), ("throttle", "Wed, 21 Oct 2015 07:28:00 GMT"),
    ("html", 200), ("html", 502), ("empty", None), ("cut", None), ("redirect", None), ("partial", None),
    ("skip_token", None), ("repeat", None), ("unauthorized", None), ("forbidden", None), ("foreign", None),
    ("next_link", "https://evil.example/v1.0/security/incidents"), ("oversize", None), ("slow", 0.01),
])  # fmt: skip
ENTRA = st.sampled_from([("status", 503), ("throttle", "3"), ("no_roles", None), ("cut", None), ("html", 200)])
COLLECTIONS = st.sampled_from(["incidents", "alerts_v2", ""])
LATE = timedelta(minutes=14)  # less than the overlap of two windows
CHANGES = st.fixed_dictionaries({}, optional={
    "status": st.sampled_from(["active", "inProgress", "resolved"]),
    "severity": st.sampled_from(["low", "high", "unknownFutureValue"]),
    "assignedTo": st.sampled_from([None, "astrid@halden.example"]),
    "customTags": st.lists(st.sampled_from(["vip", "☃"]), max_size=2),
    "displayName": st.text(max_size=12),
})  # fmt: skip
PROFILE = settings(
    max_examples=45, stateful_step_count=30, deadline=None, derandomize=True, database=None,
    suppress_health_check=list(HealthCheck),
)  # fmt: skip


class Killed(BaseException):
    """Nothing of the process runs on after this."""


@contextmanager
def killed_at(statement: int) -> Iterator[None]:
    """The process dies at its so-manieth statement to the database: neither that one nor any other is sent."""
    numbers = itertools.count()

    def send(execute, *statement_and_more):
        if next(numbers) >= statement:
            raise Killed
        return execute(*statement_and_more)

    try:
        with connection.execute_wrapper(send):
            yield
    except Killed:
        # As the kernel does it for a killed process; what it has not committed is gone.
        connection.close()


class Machine(RuleBasedStateMachine):
    """One directory and its store; `world`, `directory` and `tenant` are set before a run."""

    world = directory = tenant = None

    @initialize(order=st.sampled_from(["honoured", "ignored", "refused"]), past=st.integers(0, 12))
    def begin(self, order, past):
        """An empty store, and a directory with incidents of the last hours: no overlap of windows has them again."""
        self.world.faults.clear()
        for kept in (self.directory.events, self.directory.incidents, self.directory.alerts, self.directory.grouped):
            kept.clear()
        self.directory.numbers = itertools.count(1)
        self.directory.order = order
        with connection.cursor() as cursor:
            cursor.execute(
                """TRUNCATE incidents_syncstate, incidents_budget, incidents_breaker, incidents_backfill, incidents_gap,
                   incidents_daycount, incidents_listing, incidents_listeditem,
                   incidents_detailread, incidents_setaside, incidents_change, incidents_evidence,
                   incidents_alert, incidents_incident CASCADE"""
            )

        for hours in range(past, 0, -1):
            self.directory.add_story(self.now() - timedelta(hours=hours))
        self.world.advance()

    def now(self):
        return self.world.now

    def one(self, place):
        return list(self.directory.incidents)[place % len(self.directory.incidents)]

    @rule(late=st.timedeltas(timedelta(), LATE), number=st.integers(1, 4))
    def arrive(self, late, number):
        """Incidents that become visible some time after their own timestamp, all of one instant."""
        for _ in range(number):
            self.directory.add_story(self.now() - late)
        # What a late one has planned for the time since has happened too.
        self.world.advance()

    @precondition(lambda self: self.directory.incidents)
    @rule(place=st.integers(0, 99), late=st.timedeltas(timedelta(), LATE), changes=CHANGES)
    def change(self, place, late, changes):
        """A change that may be dated before what was read already, but never before the one it follows."""
        incident = self.directory.incidents[self.one(place)]
        at = max(self.now() - late, moment(incident["lastUpdateDateTime"]))
        self.directory.touch(incident["id"], at, **changes)

    @precondition(lambda self: self.directory.incidents)
    @rule(places=st.lists(st.integers(0, 99), min_size=4, max_size=9))
    def change_many_at_one_instant(self, places):
        for place in places:
            self.directory.touch(self.one(place), self.now(), severity="medium")

    @precondition(lambda self: len(self.directory.incidents) > 1)
    @rule(loser=st.integers(0, 99), survivor=st.integers(0, 99))
    def merge(self, loser, survivor):
        one, other = self.one(loser), self.one(survivor)
        if self.directory.survivor(other) != one and self.directory.survivor(one) == one:
            self.directory.merge(self.now(), one, other)

    @rule()
    def raise_alert_alone(self):
        self.directory.add_alert(self.now())

    @rule(minutes=st.floats(0.01, 40))
    def let_time_pass(self, minutes):
        self.world.advance(minutes * 60)
        # A window that is being read rests for as long by our clock too.
        SyncState.objects.update(began_at=F("began_at") - timedelta(minutes=minutes))

    @rule(fault=FAULTS, collection=COLLECTIONS, times=st.integers(1, 3))
    def order_fault(self, fault, collection, times):
        self.world.faults.add(fault[0], path=collection, value=fault[1], times=times)

    @rule(fault=ENTRA)
    def order_fault_of_entra(self, fault):
        self.world.faults.add(fault[0], host="entra", value=fault[1])
        sync.cloud.door.cache_clear()

    @rule(every=st.integers(0, 3))
    def throttle(self, every):
        self.directory.throttle(every)

    @rule()
    def pull(self):
        self.read()

    @rule(statements=st.lists(st.integers(0, 70), min_size=1, max_size=8))
    def pull_and_be_killed(self, statements):
        for statement in statements:
            with killed_at(statement):
                self.read()

    @rule()
    def wait_until_nobody_is_parked(self):
        SyncState.objects.update(parked_until=None)

    def read(self):
        # The minute of the simulated budget is over.
        self.world.requests.clear()
        return sync.pull(self.tenant)

    def teardown(self):
        if not self.directory or not SyncState.objects.exists() and not self.directory.incidents:
            return
        self.world.faults.clear()
        self.directory.throttle(0)
        self.try_again()
        self.whole_window()
        self.whole_window()
        self.compare()

    def try_again(self):
        """Hours pass: what Microsoft could not list is asked for again."""
        if self.directory.incidents:
            sync.prepare(self.tenant)
        for _ in range(50):
            gaps = Gap.objects.filter(closed_at=None)
            if not gaps.exists():
                return
            gaps.update(due_at=timezone.now())
            SyncState.objects.update(parked_until=None)
            self.world.requests.clear()
            assert sync.pull_stream(self.tenant, SyncState.Stream.DETAILS, sync.store.Counts()) == ""
        raise AssertionError("A gap does not close.")

    def whole_window(self):
        """Finish the window that is being read, if any, or else read a new one; nothing may go wrong any more."""
        SyncState.objects.update(parked_until=None, due_at=timezone.now())
        began, states = timezone.now(), SyncState.objects.filter(stream__in=["incidents", "alerts"])
        for _ in range(50):
            assert self.read().error == ""
            if states.filter(position="", completed_at__gt=began).count() == 2:
                return
        raise AssertionError("A window does not end.")

    def compare(self):
        assert rows(Incident) == self.directory.incidents
        assert rows(Alert) == self.directory.alerts
        found = sum(len(alert["evidence"]) for alert in self.directory.alerts.values())
        assert Evidence.objects.count() == found
        belonging = Alert.objects.exclude(incident=None).values_list("microsoft_id", "incident__microsoft_id")
        wanted = {alert["id"]: alert["incidentId"] for alert in self.directory.alerts.values() if alert["incidentId"]}
        assert dict(belonging) == wanted
        assert not SetAside.objects.exclude(reason__contains="another tenant").exists()


def rows(model):
    return {row.microsoft_id: json.loads(bytes(row.raw)) for row in model.objects.all()}


@pytest.mark.django_db(transaction=True)
def test_the_store_is_what_microsoft_has_after_any_history(world, directory, tenant, monkeypatch):
    # Small pages, so that a few incidents fill many; the client learns the limit from the refusal.
    monkeypatch.setattr(listing, "LARGEST", {"incidents": 3, "alerts_v2": 4})
    for name, value in (("world", world), ("directory", directory), ("tenant", tenant)):
        monkeypatch.setattr(Machine, name, value)
    run_state_machine_as_test(Machine, settings=PROFILE)
