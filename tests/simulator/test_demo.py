"""How the demo's customers stand, what keeps happening, and the process that shows it."""

import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest

from simulator import demo
from simulator.world import World
from tests.simulator.conftest import NOON, Cloud

COMMAND = [sys.executable, "-m", "simulator", "--port"]


@pytest.fixture(scope="module")
def shown() -> Cloud:
    return Cloud(World(now=NOON, prepare=demo.arrange))


def test_one_customer_waits_one_is_throttled_and_the_others_are_well(shown: Cloud) -> None:
    tenants = shown.world.tenants.values()
    assert [tenant.name for tenant in tenants if not tenant.consented] == ["Vesper Hotels"]
    assert [tenant.name for tenant in tenants if tenant.throttled] == ["Halden Energi"]
    assert (len(tenants), shown.world.consent_delay) == (12, 3)


def test_some_have_hundreds_of_incidents_and_some_none(shown: Cloud) -> None:
    counts = {tenant.name: len(tenant.incidents) for tenant in shown.world.tenants.values()}
    assert sum(count > 200 for count in counts.values()) >= 3
    assert [name for name, count in counts.items() if count == 0] == ["Lumière Studios", "Quiet Harbour Trust"]
    assert counts["Vesper Hotels"] > 20


def test_a_throttled_directory_answers_one_request_in_so_many(cloud: Cloud, stellan: Any) -> None:
    cloud.client.post(f"/_simulator/tenants/{stellan.id}/throttle", json={"every": 3})
    answers = [cloud.ask(stellan, "incidents") for _ in range(7)]
    assert [answer.status_code for answer in answers] == [200, 429, 429, 200, 429, 429, 200]
    assert answers[1].headers["Retry-After"] == "20"
    other = cloud.world.tenant("Orchard & Pine LLP")
    assert {cloud.ask(other, "incidents").status_code for _ in range(4)} == {200}
    cloud.client.post(f"/_simulator/tenants/{stellan.id}/throttle", json={"every": 0})
    assert {cloud.ask(stellan, "incidents").status_code for _ in range(4)} == {200}


def test_something_new_happens_only_where_it_can_be_seen() -> None:
    world = World(tenants=12, days=0, now=NOON, prepare=demo.arrange)
    for _ in range(300):
        demo.go_on(world)
    got = {tenant.name: len(tenant.incidents) for tenant in world.tenants.values()}
    assert [name for name, count in got.items() if not count] == [
        "Halden Energi", "Vesper Hotels", "Lumière Studios", "Quiet Harbour Trust",
    ]  # fmt: skip
    assert sum(got.values()) == 300
    world.advance(30 * 86_400)
    stellan = world.tenant("Stellan Manufacturing")
    assert any(item["status"] == "resolved" for item in stellan.incidents.values())
    assert max(demo.PAUSE) <= 60


@contextmanager
def process(*options: str) -> Iterator[httpx.Client]:
    """The simulator as the demo starts it, on a free port."""
    with (
        httpx.Client() as client,
        subprocess.Popen([*COMMAND, "0", *options], stdout=subprocess.PIPE, text=True) as ran,
    ):
        assert ran.stdout is not None
        try:
            client.base_url = httpx.URL(re.split(r"\s", ran.stdout.readline().strip())[-1])
            yield client
        finally:
            ran.send_signal(signal.SIGTERM)
            assert ran.wait(10) == 0


def test_a_process_goes_on_where_it_was(tmp_path: Path) -> None:
    options = (
        "--demo",
        "--begin",
        datetime.now(UTC).isoformat(),
        "--days",
        "5",
        "--journal",
        str(tmp_path / "journal"),
    )
    with process(*options) as client:
        first = client.get("/_simulator/world").json()
        mora = next(tenant for tenant in first["tenants"] if tenant["name"] == "Mora Clinics")
        assert mora["consented"]
        client.post(f"/_simulator/tenants/{mora['id']}/revoke", json={})
        client.post("/_simulator/redirects", json={"monitor": ["https://utkik.example/consent/callback"]})
    with process(*options) as client:
        second = client.get("/_simulator/world").json()
    assert [tenant["name"] for tenant in second["tenants"] if not tenant["consented"]] == [
        "Mora Clinics",
        "Vesper Hotels",
    ]
    assert second["redirects"]["monitor"] == ["https://utkik.example/consent/callback"]
    assert second["people"] == first["people"]


@pytest.mark.parametrize(
    ("options", "text"),
    [
        (["--journal", "journal"], "--journal needs --begin"),
        (
            ["--begin", "2026-05-04", "--journal", "missing/journal"],
            "The journal missing/journal cannot be used: No such file",
        ),
        (["--begin", "2026-05-04", "--journal", "broken"], "broken, line 1, cannot be read."),
        (
            ["--begin", "2026-05-04", "--journal", "other"],
            "other belongs to a world that was started with other options.",
        ),
    ],
)
def test_a_journal_that_cannot_be_used_gets_one_sentence(tmp_path: Path, options: list[str], text: str) -> None:
    (tmp_path / "broken").write_text("{\n")
    (tmp_path / "other").write_text('{"seed": 1}\n')
    options = [str(tmp_path / word) if "journal" in word and word[0] != "-" or word in ("broken", "other") else word
               for word in options]  # fmt: skip
    ended = subprocess.run([*COMMAND, "0", *options], capture_output=True, text=True, timeout=60)
    assert (ended.returncode != 0, ended.stdout) == (True, "")
    assert text in ended.stderr.replace(f"{tmp_path}/", "")
    assert "Traceback" not in ended.stderr
