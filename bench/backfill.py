"""The past of many customers at once, with the queue's page asked for meanwhile; and one large customer's memory."""

import statistics
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from urllib.parse import urlsplit

import httpx
from django.conf import settings
from django.test import Client

from accounts.models import User
from bench import directories, floor, running, server
from bench.figures import Figure, at_most, percentile
from tenants.models import Tenant

PART = "backfill"
EACH = 200  # incidents a customer
DAYS = 170
LONGEST = 600.0  # seconds; what is left then is reckoned from what was done
LARGE, LARGEST_MEMORY = 20_000, 200  # incidents of one customer, megabytes
PAUSE = 0.1  # seconds between two pages


def measure(incidents: int) -> list[Figure]:
    return [*past(incidents), *memory(min(incidents, LARGE))]


def past(incidents: int) -> list[Figure]:
    directories.leave_alone()
    floor_rate, idle_rows = floor_speed(), 500
    with server.started(EACH, hours=DAYS * 24) as cloud, running.running(("web",), cloud.url, port()):
        shown(cloud.url, idle_rows)
        client = signed_in()
        idle: list[float] = []
        with asked(client, idle):
            for _ in running.until(15):
                pass
        tenants = directories.connected("Past", max(1, incidents // EACH))
        busy: list[float] = []
        with asked(client, busy), running.running(("worker", "beat"), cloud.url):
            seconds, done = filled(tenants)
    total = len(tenants) * EACH
    least = total / floor_rate
    told = f"floor {least:,.0f} s" + ("" if done == total else f"; reckoned from {done:,} in {LONGEST:.0f} s")
    taken = seconds * total / max(1, done)
    before, meanwhile = percentile(idle, 0.95), percentile(busy, 0.95)
    return [
        at_most(PART, f"{total:,} incidents of {len(tenants)} tenants", taken, "s", told, taken / least, 2.5),
        at_most(PART, "p95 of the queue page meanwhile", meanwhile * 1000, "ms",
                f"idle {before * 1000:,.0f}", meanwhile / before, 1.5),
    ]  # fmt: skip


def floor_speed() -> float:
    """Incidents a second of the floor, the better half of a few runs."""
    with server.started(1000) as cloud:
        floor.empty()
        read = partial(floor.read, cloud.url, 20)
        read(-1, floor.upsert)
        rates = []
        for number in range(5):
            began = time.perf_counter()
            rates.append(read(number, floor.upsert) / (time.perf_counter() - began))
    return statistics.median(rates)


def port() -> int:
    return urlsplit(settings.PUBLIC_URL).port or 80


def shown(url: str, least: int) -> None:
    """Something to show on the queue's page, so that an idle page has all its rows."""
    settings.MICROSOFT_CLOUD_URL = url
    for tenant in directories.connected("Shown", -(-least // EACH)):
        directories.read_all(tenant)
    directories.leave_alone()


def signed_in() -> httpx.Client:
    """A client with the session of an administrator, once the web answers."""
    user = User.objects.filter(username="bench").first() or User.objects.create_user(
        "bench", "bench", name="Bench", role=User.Role.ADMINISTRATOR
    )
    browser = Client()
    browser.force_login(user)
    name = settings.SESSION_COOKIE_NAME
    client = httpx.Client(base_url=settings.PUBLIC_URL, cookies={name: browser.cookies[name].value}, timeout=60)
    for _ in running.until(60, 0.2):
        try:
            if client.get("/").status_code == 200:
                return client
        except httpx.TransportError:
            pass
    raise RuntimeError("The web does not answer.")


@contextmanager
def asked(client: httpx.Client, seconds: list[float]) -> Iterator[None]:
    """Ask for the queue's page again and again; how long each took is added to `seconds`."""
    ended = threading.Event()

    def ask() -> None:
        while not ended.wait(PAUSE):
            began = time.perf_counter()
            client.get("/").raise_for_status()
            seconds.append(time.perf_counter() - began)

    asking = threading.Thread(target=ask)
    asking.start()
    try:
        yield
    finally:
        ended.set()
        asking.join()


def filled(tenants: Sequence[Tenant]) -> tuple[float, int]:
    """Seconds until everything is stored, and how many incidents are."""
    total, done = len(tenants) * EACH, 0
    began = time.monotonic()
    for _ in running.until(LONGEST, 0.5):
        found = directories.stored(tenants)
        done = found[0]
        if found == (total, total * 5, total * 15):
            break
    return time.monotonic() - began, done


def memory(incidents: int) -> list[Figure]:
    """Resident memory of the reading process while one customer's incidents are read."""
    directories.leave_alone()
    tenants = directories.connected("Large", 1)
    sizes: list[float] = []
    with server.started(incidents) as cloud, running.running(("worker", "beat"), cloud.url) as processes:
        for _ in running.until(LONGEST / 2):
            sizes.append(running.memory(processes["worker"]))
            done = directories.stored(tenants)[1]
            if done == incidents * 5:
                break
    third = len(sizes) // 3
    most, growth = max(sizes), max(sizes[-third:]) / max(sizes[third : 2 * third])
    name = f"memory, one tenant of {done // 5:,} incidents"
    return [
        at_most(PART, name, most, "MB", f"{LARGEST_MEMORY} MB", most / LARGEST_MEMORY, 1),
        at_most(PART, "memory of the last third", max(sizes[-third:]), "MB", "the second third", growth, 1.05),
    ]
