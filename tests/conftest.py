"""Real parts for every test: PostgreSQL, a simulated cloud behind HTTP, and a browser."""

import itertools
import os
import shutil
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import psycopg
import pytest
from django.conf import settings
from django.db import connection
from playwright.sync_api import Browser, sync_playwright

from accounts import break_glass, totp
from accounts.models import User
from portal.embedded import postgres
from simulator import server
from simulator.world import Tenant as Directory
from simulator.world import World
from tenants import cloud, connecting
from tenants.models import Tenant
from tenants.roles import OWNER, WEB, WORKER

FLAGS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
]  # fmt: skip
KEY = b"the key of the app."
CI = os.environ.get("CI") == "true"
FIGURES = pytest.StashKey[dict[str, str]]()


@pytest.fixture(scope="session")
def figures(pytestconfig: pytest.Config) -> dict[str, str]:
    """What this run has counted, by name: it is printed at the end."""
    return pytestconfig.stash.setdefault(FIGURES, {})


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    counted = config.stash.get(FIGURES, {})
    if counted:
        terminalreporter.section("figures")
    for name, value in counted.items():
        terminalreporter.write_line(f"{name}: {value}")


@pytest.fixture(scope="session")
def samples() -> Path:
    """Microsoft's captured answers, in the folder $SAMPLES."""
    folder = Path(os.environ.get("SAMPLES", ""))
    if os.environ.get("SAMPLES") and any(folder.glob("graph/*.json")):
        return folder
    if CI:
        pytest.fail("SAMPLES names no folder with captured answers.")
    pytest.skip("SAMPLES names no folder with captured answers")


@pytest.fixture(scope="session")
def django_db_modify_db_settings() -> None:
    """The owner may act as the other roles, for as long as tests of this cluster run: see tests/walls/web.py."""
    postgres.ensure(settings.STATE_DIR)
    with psycopg.connect(postgres.dsn(settings.STATE_DIR, postgres.SUPERUSER, postgres.DATABASE)) as admin:
        admin.execute(f"GRANT {WEB}, {WORKER} TO {OWNER} WITH INHERIT FALSE, SET TRUE")
    creation: Any = type(connection.creation)
    creation._destroy_test_db = dropped


def dropped(self: Any, name: str, verbosity: int) -> None:
    """Take the test database away from whoever has it open still: a browser's idle connections keep the server's threads."""
    with self._nodb_cursor() as cursor:
        cursor.execute(f"DROP DATABASE {self.connection.ops.quote_name(name)} WITH (FORCE)")


@pytest.fixture
def world(settings: Any) -> Iterator[World]:
    """A simulated cloud with four customers, without history until a test makes some; settings lead to it."""
    made = World(seed=3, tenants=4, days=0)
    made.freeze()
    for tenant in made.tenants.values():
        tenant.events.clear()
        tenant.incidents.clear()
        tenant.alerts.clear()
        tenant.numbers = itertools.count(1)
    with server.start(made) as running:
        settings.MICROSOFT_CLOUD_URL = running.url
        settings.ENTRA_CLIENT_ID = made.client_id
        settings.ENTRA_CLIENT_SECRET = made.client_secret
        yield made
        cloud.door.cache_clear()


@pytest.fixture
def directory(world: World) -> Directory:
    return world.tenant("Halden Energi")


@pytest.fixture
def tenant(db: None, directory: Directory) -> Tenant:
    """Halden Energi, connected."""
    return connecting.connect(directory.name, UUID(directory.id))


@pytest.fixture
def operator(db: None) -> User:
    user = User.objects.create_user("operator", "correct horse", name="Operator", role=User.Role.ADMINISTRATOR)
    break_glass.give(user, KEY)
    return user


@pytest.fixture
def code() -> Callable[[], str]:
    """The codes of the operator's app, one after another: each is good once."""
    last = 0

    def next_one() -> str:
        nonlocal last
        # The oldest that is good leaves the most for later, but not when it is about to be refused.
        oldest = totp.step_now() - (totp.EARLIER if totp.STEP_SECONDS - time.time() % totp.STEP_SECONDS > 15 else 0)
        last = max(last + 1, oldest)
        while last > totp.step_now() + totp.LATER:
            time.sleep(0.2)
        return totp.code(KEY, last)

    return next_one


@pytest.fixture
def analyst(db: None) -> User:
    return User.objects.create_user("analyst", "correct horse", name="Astrid Analyst", role=User.Role.ANALYST)


@pytest.fixture
def stranger(db: None) -> User:
    """Somebody of a customer whose directory nobody knows."""
    ids = {"tid": UUID(int=1), "oid": UUID(int=2)}
    return User.objects.create_user("stranger", "correct horse", role=User.Role.CUSTOMER, **ids)


@pytest.fixture
def now() -> datetime:
    return datetime.now(UTC)


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    names = (
        "chromium",
        "chromium-browser",
        "google-chrome",
        "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
    )
    path = next(
        (found for name in (os.environ.get("CHROMIUM", ""), *names) if name and (found := shutil.which(name))), None
    )
    with sync_playwright() as playwright:
        if path is None and not Path(playwright.chromium.executable_path).exists():
            if CI:
                pytest.fail("No Chromium was found; name one in CHROMIUM.")
            pytest.skip("no Chromium was found; name one in CHROMIUM")
        started = playwright.chromium.launch(executable_path=path, args=FLAGS)
        yield started
        started.close()
