"""Many tenants at once in one process: a dispatcher claims what is due, readers wait for Microsoft.

A reader is a thread, since waiting costs nothing else. It opens a database connection only when there is something to
write; what was quiet the dispatcher gives back, all in one statement. Should the process be killed, its database
session ends and with it every lease that the dispatcher has claimed.
"""

import logging
import threading
import time
from concurrent.futures import Future, ThreadPoolExecutor
from functools import lru_cache

from django.conf import settings
from django.db import DatabaseError, connection

from incidents import breaker, leases, sync
from incidents.models import Edit, SyncState
from incidents.triage import carrying, claims

# How often the dispatcher looks; a read is late by half of it on average.
PERIOD_SECONDS = 0.5
# How many changes that people wait for are under way at once, beside the reads.
CARRIERS = 4
WORK = [stream for stream in SyncState.Stream.values if stream not in SyncState.LIVE]

log = logging.getLogger(__name__)


class Crew:
    """Reads what is due for as long as it was asked to; `work` may be called from any thread, again and again."""

    def __init__(self, readers: int) -> None:
        self.readers = readers
        # What is not live has to leave most readers free.
        self.workers = max(1, readers // 4)
        self.pool = ThreadPoolExecutor(readers + CARRIERS, "reader")
        self.reading: dict[Future[sync.Turn], SyncState] = {}
        self.carrying: dict[Future[None], Edit] = {}
        self.lock = threading.Lock()
        self.until = 0.0
        self.dispatching = threading.Event()
        self.idle = threading.Event()

    def work(self, seconds: float, held: float = 0) -> None:
        """Have the dispatcher look for work for so long; return when there is none, or after `held` seconds."""
        with self.lock:
            self.until = time.monotonic() + seconds
            self.idle.clear()
            if not self.dispatching.is_set():
                self.dispatching.set()
                threading.Thread(target=self.dispatch, name="dispatcher", daemon=True).start()
        self.idle.wait(held)

    def dispatch(self) -> None:
        try:
            while not self.over():
                self.look()
                time.sleep(PERIOD_SECONDS)
        finally:
            connection.close()

    def over(self) -> bool:
        with self.lock:
            if time.monotonic() < self.until or self.reading or self.carrying:
                return False
            self.dispatching.clear()
            self.idle.set()
            return True

    def look(self) -> None:
        """Give back what was read and hand out what is due; without the database nothing happens."""
        try:
            self.settle()
            if time.monotonic() < self.until:
                self.claim()
        except DatabaseError as error:
            log.warning("The database does not answer: %s", str(error).strip().partition("\n")[0])
            connection.close()

    def settle(self) -> None:
        ended = [future for future in self.reading if future.done()]
        turns = []
        for future in ended:
            state = self.reading.pop(future)
            if error := future.exception():
                log.error("A turn at %s ended without a word", state, exc_info=error)
                turns.append(sync.broken_off(state, error))
            else:
                turns.append(future.result())
        if turns:
            sync.finish(turns)
        for delivered in [future for future in self.carrying if future.done()]:
            edit = self.carrying.pop(delivered)
            if error := delivered.exception():
                # Its lease runs out, and it is tried again.
                log.error("Edit %s ended without a word", edit.pk, exc_info=error)

    def carry(self) -> None:
        """Hand out the changes that are due, before any read; none while Microsoft refuses our credential."""
        free = CARRIERS - len(self.carrying)
        if free > 0 and claims.is_due_soon(0) and not breaker.is_open():
            for edit in claims.claim_due(free):
                self.carrying[self.pool.submit(carry, edit)] = edit

    def claim(self) -> None:
        self.carry()
        admitted = breaker.admitted(self.readers - len(self.reading))
        self.hand_out(leases.claim_due(admitted, SyncState.LIVE) if admitted else [])
        working = sum(not state.is_live for state in self.reading.values())
        free = min(self.readers - len(self.reading), self.workers - working, admitted)
        if free > 0 and admitted > 1:
            self.hand_out(leases.claim_due(free, WORK))
        if not (self.reading or self.carrying or leases.is_due_soon() or claims.is_due_soon()):
            self.idle.set()

    def hand_out(self, states: list[SyncState]) -> None:
        for state in states:
            self.reading[self.pool.submit(read, state)] = state


def read(state: SyncState) -> sync.Turn:
    try:
        return sync.read(state)
    finally:
        connection.close()


def carry(edit: Edit) -> None:
    try:
        carrying.carry(edit)
    finally:
        connection.close()


@lru_cache(maxsize=1)
def crew() -> Crew:
    """The crew of this process."""
    return Crew(settings.SYNC_THREADS)
