"""Many customers with slow answers and nothing new: how fresh they are kept, and what that costs.

Worker and beat are the product's own processes, two of them reading; each answer takes 1.5 seconds. Then one customer
answers after a minute and another with 429 only, and the others must not notice.
"""

import time
from collections.abc import Sequence
from dataclasses import dataclass

import psutil
from django.db import connection

from bench import directories, running, server
from bench.figures import Figure, at_most, percentile
from bench.settings import INTERVAL
from tenants.models import Tenant

PART = "fleet"
ROUND_TRIP, SLOW = 1.5, 60.0
LONGEST_START, FURTHER_ROUNDS = 300, 4
AGES = """
SELECT extract(epoch FROM now() - coalesce(state.completed_at, tenant.connected_at))::float
FROM incidents_syncstate state JOIN tenants_tenant tenant ON tenant.id = state.tenant_id
WHERE tenant.id = ANY(%s) AND state.stream IN ('incidents', 'alerts')
"""
UNREAD = """
SELECT count(*) FROM tenants_tenant tenant WHERE id = ANY(%s) AND 2 > (
    SELECT count(completed_at) FROM incidents_syncstate
    WHERE tenant_id = tenant.id AND stream IN ('incidents', 'alerts'))
"""


@dataclass(frozen=True)
class Watched:
    """What was seen in a span of time: ages in seconds, CPU seconds of the workers, requests to Graph."""

    seconds: float
    ages: list[float]
    cpu: float
    requests: int

    @property
    def p95(self) -> float:
        return percentile(self.ages, 0.95)


def measure(number: int, seconds: int) -> list[Figure]:
    directories.leave_alone()
    fleet = directories.connected("Fleet", number)
    directories.settle(fleet)
    slow, throttled, *others = fleet
    with (
        server.started(delay=ROUND_TRIP) as cloud,
        running.running(("worker", "beat"), cloud.url) as processes,
    ):
        wait_for_all(fleet)
        steady = watched(others, seconds, processes["worker"], cloud)
        cloud.ask(f"slow?tenant={slow.entra_id}&seconds={SLOW}")
        cloud.ask(f"throttled?tenant={throttled.entra_id}")
        for _ in running.until(SLOW / 2):
            pass
        troubled = watched(others, seconds, processes["worker"], cloud)
    return figures(number, steady, troubled)


def figures(number: int, steady: Watched, troubled: Watched) -> list[Figure]:
    cycle, hours = INTERVAL + ROUND_TRIP, steady.seconds / 3600
    cpu, each = steady.cpu / steady.seconds * 100, steady.requests / number / hours
    named = f"{INTERVAL:g} s interval + {ROUND_TRIP:g} s"
    return [
        at_most(PART, f"p95 age of {number} tenants", steady.p95, "s", named, steady.p95 / cycle, 1.1),
        at_most(PART, "CPU of the workers, nothing new", cpu, "% of a core", "10 %", cpu / 10, 1),
        at_most(PART, "requests an hour, each tenant", each, "requests", "375", each / 375, 1),
        at_most(PART, "p95 age beside a slow and a throttled one", troubled.p95, "s",
                f"without {steady.p95:.1f}", troubled.p95 / max(steady.p95, 0.001), 1.05),
    ]  # fmt: skip


def wait_for_all(fleet: Sequence[Tenant]) -> None:
    """Until each was read once, and then until every process has a token for nearly every directory."""
    for _ in running.until(LONGEST_START):
        with connection.cursor() as cursor:
            cursor.execute(UNREAD, [[tenant.pk for tenant in fleet]])
            if cursor.fetchone()[0] == 0:
                break
    for _ in running.until(FURTHER_ROUNDS * (INTERVAL + ROUND_TRIP)):
        pass


def watched(tenants: Sequence[Tenant], seconds: float, worker: psutil.Process, cloud: server.Running) -> Watched:
    ages: list[float] = []
    began = time.monotonic()
    cpu, requests = running.cpu_seconds(worker), sum(cloud.ask("stats").values())
    for _ in running.until(seconds):
        with connection.cursor() as cursor:
            cursor.execute(AGES, [[tenant.pk for tenant in tenants]])
            ages += [row[0] for row in cursor.fetchall()]
    asked = sum(cloud.ask("stats").values()) - requests
    return Watched(time.monotonic() - began, ages, running.cpu_seconds(worker) - cpu, asked)
