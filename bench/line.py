"""The line of an incident, from the token to the cursor, beside the floor and the two plain ways to store."""

import statistics
import time
from collections.abc import Callable
from functools import partial

import httpx
import orjson
from django.conf import settings
from django.db import connection

from bench import directories, floor, server
from bench.cloud import GRAPH
from bench.figures import Figure, at_least, at_most, ratio_of
from bench.models import FloorEvidence
from defender import incidents as microsoft
from defender import listing
from tenants import cloud
from tenants.models import Tenant

PART = "line"
PAGE = 50
# Pages a round; the plain ways are given fewer, since they would take the most of the time.
BULK, SINGLE = 3, 1
VERSIONS = """
SELECT md5(string_agg(place, '' ORDER BY place)) FROM (
    SELECT xmin || ' ' || ctid AS place FROM incidents_{} WHERE tenant_id = %s) AS rows
"""


def measure(rounds: int, pages: int) -> list[Figure]:
    with server.started(pages * PAGE) as running:
        settings.MICROSOFT_CLOUD_URL = running.url
        warm_up(running.url, pages)
        return [*speeds(running.url, rounds, pages), *reading(running.url, rounds, pages)]


def warm_up(url: str, pages: int) -> None:
    """Every page is rendered, every statement planned and every module imported before a clock runs."""
    (tenant,) = directories.connected("Warm-up", 1)
    directories.read_all(tenant)
    for number, write in enumerate((floor.upsert, floor.bulk_create, floor.update_or_create)):
        floor.read(url, pages if number == 0 else 1, -number - 1, write)


def speeds(url: str, rounds: int, pages: int) -> list[Figure]:
    """Incidents a second of each way, measured in turn."""
    ours, again, least, bulk, single = [], [], [], [], []
    floor.empty()
    for number in range(rounds):
        (tenant,) = directories.connected("Line", 1)
        ours.append(rate(partial(read, tenant, pages)))
        again.append(rate(partial(read_again, tenant, pages)))
        least.append(rate(partial(floor.read, url, pages, number * 3, floor.upsert)))
        bulk.append(rate(partial(floor.read, url, BULK, number * 3 + 1, floor.bulk_create)))
        single.append(rate(partial(floor.read, url, SINGLE, number * 3 + 2, floor.update_or_create)))
        print(f"  round {number + 1} of {rounds}: {ours[-1]:,.0f} incidents/s, the floor {least[-1]:,.0f}", flush=True)
    if floor.written(FloorEvidence, 0) != pages * PAGE * 15:
        raise RuntimeError("The floor has not stored what it read.")
    middle = statistics.median
    beside = {name: f"{name} {middle(each):,.0f}" for name, each in (
        ("floor", least), ("bulk_create", bulk), ("update_or_create", single), ("first read", ours))}  # fmt: skip
    rate_of_ours, unit = middle(ours), "incidents/s"
    return [
        at_least(PART, "first read", rate_of_ours, unit, beside["floor"], ratio_of(ours, least), 0.5),
        at_least(PART, "first read", rate_of_ours, unit, beside["bulk_create"], ratio_of(ours, bulk), 2),
        at_least(PART, "first read", rate_of_ours, unit, beside["update_or_create"], ratio_of(ours, single), 15),
        at_least(PART, "read again, unchanged", middle(again), unit, beside["first read"], ratio_of(again, ours), 1.3),
        Figure(PART, "floor", middle(least), unit, beside["bulk_create"], ratio_of(least, bulk)),
        Figure(PART, "floor", middle(least), unit, beside["update_or_create"], ratio_of(least, single)),
        unchanged(tenant, pages),
    ]


def rate(work: Callable[[], int]) -> float:
    began = time.perf_counter()
    return work() / (time.perf_counter() - began)


def read(tenant: Tenant, pages: int) -> int:
    directories.read_all(tenant)
    number = pages * PAGE
    if directories.stored([tenant]) != (number, number * 5, number * 15):
        raise RuntimeError(f"{directories.stored([tenant])} were stored in place of {number} incidents.")
    return number


def read_again(tenant: Tenant, pages: int) -> int:
    directories.forget_places(tenant)
    return read(tenant, pages)


def unchanged(tenant: Tenant, pages: int) -> Figure:
    """How many of the tables have another row version after everything was read once more."""
    before = versions(tenant)
    read_again(tenant, pages)
    changed = sum(one != other for one, other in zip(before, versions(tenant), strict=True))
    return Figure(PART, "tables with new row versions", changed, "of 3", goal="0", met=changed == 0)


def versions(tenant: Tenant) -> list[str]:
    found = []
    with connection.cursor() as cursor:
        for table in ("incident", "alert", "evidence"):
            cursor.execute(VERSIONS.format(table), [tenant.pk])
            found.append(str(cursor.fetchone()[0]))
    return found


def reading(url: str, rounds: int, pages: int) -> list[Figure]:
    """CPU time of fetching and parsing the same pages, ours and by httpx + orjson; both keep their client."""
    (tenant,) = directories.connected("Reading", 1)
    ours, whole, plain = [], [], []
    with httpx.Client() as client:
        for _ in range(rounds * 2):
            ours.append(cpu(partial(fetched, tenant)) / (pages * PAGE))
            whole.append(cpu(partial(fetched, tenant, evidence=True)) / (pages * PAGE))
            plain.append(cpu(partial(fetched_plainly, client, url)) / (pages * PAGE))
    middle = statistics.median
    beside = f"httpx + orjson {middle(plain) * 1e6:,.0f}"
    name, unit = "fetch and parse, CPU an incident", "µs"
    return [
        at_most(PART, name, middle(ours) * 1e6, unit, beside, ratio_of(ours, plain), 1.0),
        Figure(PART, "the same, with all evidence read", middle(whole) * 1e6, unit, beside, ratio_of(whole, plain)),
    ]


def cpu(work: Callable[[], object]) -> float:
    began = time.process_time()
    work()
    return time.process_time() - began


def fetched(tenant: Tenant, *, evidence: bool = False) -> None:
    """Both streams through the client, with tokens, windows and typed shapes, and nothing stored.

    Evidence is read as in the product, when something is new, or all of it.
    """
    graph = cloud.graph(tenant)
    for changed in (microsoft.changed_incidents, microsoft.changed_alerts):
        for page in changed(graph, "2020-01-01T00:00:00Z"):
            if evidence and any(item.partly_read for item in page.items):
                raise RuntimeError("An item could not be read whole.")


def fetched_plainly(client: httpx.Client, url: str) -> None:
    """The same pages of the same lists, each by one GET and orjson."""
    for path, size in listing.PAGE_SIZES.items():
        link = f"{url}/v1.0{path}?$orderby=lastUpdateDateTime%20asc&$top={size}"
        while link:
            body = orjson.loads(client.get(link).content)
            link = body.get("@odata.nextLink", "").replace(GRAPH, url)
