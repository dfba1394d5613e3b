"""Real processes with secrets that are known here, through what works and what fails: no secret leaves its place."""

import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import httpx
import psutil
import psycopg
import pytest
from django.conf import settings as project

from portal import processes
from portal.embedded import postgres, valkey
from simulator import server
from simulator.world import World
from tenants import cloud
from tenants.roles import OWNER

MONITOR, SIGN_IN, KEY = "c4n4ry-monitor-0a1b", "c4n4ry-signin-2c3d", "c4n4ry-secret-key-" + "4e5f" * 12
CODE, STATE, PASSWORD = "c4n4ry-code-6a7b", "c4n4ry-state-8c9d", "c4n4ry-password-0e1f"
JWT = re.compile(rb"eyJ[\w-]{10,}\.eyJ[\w-]{10,}\.")
PATIENCE_SECONDS = 120


class Installation:
    """Web, worker and beat with servers of their own under `state`, against a simulated cloud."""

    def __init__(self, state: Path, world: World, cloud_url: str, group: processes.Group) -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self.state, self.world, self.group = state, world, group
        self.pages: list[tuple[str, bytes]] = []
        self.browsers = ExitStack()
        self.url = f"http://localhost:{self.port}"
        self.given = {
            "MICROSOFT_CLOUD_URL": cloud_url, "PUBLIC_URL": self.url, "SECRET_KEY": KEY,
            "ENTRA_CLIENT_ID": world.client_id, "ENTRA_CLIENT_SECRET": MONITOR,
            "ENTRA_SIGNIN_CLIENT_ID": world.signin_client_id, "ENTRA_SIGNIN_CLIENT_SECRET": SIGN_IN,
            "ENTRA_HOME_TENANT_ID": world.home.id, "SYNC_INTERVAL_SECONDS": "1", "SYNC_QUIET_SECONDS": "1",
        }  # fmt: skip
        self.own = {"PATH": os.environ["PATH"], "ENV_FILE": os.devnull, "STATE_DIR": str(state)}

    def manage(self, *arguments: str) -> str:
        command = [sys.executable, "manage.py", *arguments]
        env = self.own | self.given
        return subprocess.run(command, cwd=project.BASE_DIR, env=env, check=True, capture_output=True, text=True).stdout

    def start(self) -> None:
        for process in processes.processes(self.port):
            self.begin(process)
        wait_for(lambda: httpx.get(f"{self.url}/healthz/web").status_code == 200)

    def begin(self, process: processes.Process) -> None:
        env = processes.environment(process, self.given)
        # The settings are the product's, not those of the tests.
        del env["DJANGO_SETTINGS_MODULE"]
        self.group.start(process.name, process.command, env)

    def browser(self) -> httpx.Client:
        """One that keeps every page it is shown."""
        hooks = {"response": [lambda answer: self.pages.append((answer.request.url.path, answer.read()))]}
        return self.browsers.enter_context(httpx.Client(base_url=self.url, event_hooks=hooks, timeout=60))

    def sql(self, query: str) -> list[Any]:
        with psycopg.connect(postgres.dsn(self.state, OWNER, postgres.DATABASE), autocommit=True) as database:
            cursor = database.execute(query)
            return cursor.fetchall() if cursor.description else []

    def errors(self) -> str:
        return str(self.sql("SELECT error FROM incidents_syncstate"))

    def environments(self, name: str) -> list[str]:
        """What the process and its children were started with, as the kernel has it."""
        main = psutil.Process(self.group.running[name].pid)
        return [str(each.environ()) for each in (main, *main.children(recursive=True))]

    def places(self) -> Iterator[tuple[str, bytes]]:
        """Everything that an installation writes or says: files, the database as text, pages."""
        for file in self.state.rglob("*"):
            if file.is_file() and not file.is_symlink():
                yield str(file.relative_to(self.state)), file.read_bytes()
        for (table,) in self.sql("SELECT tablename FROM pg_tables WHERE schemaname = 'public'"):
            yield f"table {table}", str(self.sql(f'SELECT row::text FROM "{table}" row')).encode()
        for path, page in self.pages:
            yield f"page {path}", page


def wait_for(condition: Callable[[], Any]) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while True:
        try:
            if condition():
                return
        except httpx.HTTPError:
            pass
        assert time.monotonic() < deadline
        time.sleep(0.2)


@pytest.fixture
def installation(tmp_path: Path, settings: Any) -> Iterator[Installation]:
    state, world = tmp_path / "state", World(seed=3, tenants=4, days=1)
    world.monitor.secret, world.signin.secret = MONITOR, SIGN_IN
    settings.STATE_DIR = state
    handlers = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)}
    with server.start(world) as running, processes.Group(state) as group:
        made = Installation(state, world, running.url, group)
        try:
            yield made
        finally:
            made.browsers.close()
            group.stop()
            valkey.stop(state)
            postgres.stop(state)
            cloud.door.cache_clear()
    # A group that ends changes those of the test run, and whoever is started later would inherit them.
    for number, handler in handlers.items():
        signal.signal(number, handler)


def sign_in_with_microsoft(made: Installation, name: str) -> httpx.Client:
    person = next(each for each in made.world.people.values() if each.username.startswith(name))
    browser = made.browser()
    microsoft = browser.get("/sign-in/microsoft", params={"login_hint": person.username}).headers["Location"]
    back = httpx.post(microsoft, data={"person": person.oid}).headers["Location"]
    assert "code=" in back
    assert browser.get(back).status_code == 302
    return browser


def come_in(made: Installation, told: str) -> list[str]:
    """The local operator tries, and comes in; the secrets of the account."""
    password = re.search(r"Password: +(\S+)", told)[1]  # type: ignore[index]
    key = re.search(r"Key: +(\S+)", told)[1]  # type: ignore[index]
    codes = re.findall(r"\b(?:[a-z2-9]{4}-){3}[a-z2-9]{4}\b", told)
    browser = made.browser()
    browser.get("/sign-in")
    given = {"username": "operator", "csrfmiddlewaretoken": browser.cookies["utkik-csrf"]}
    assert browser.post("/sign-in", data=given | {"password": PASSWORD, "code": codes[0]}).status_code == 200
    assert browser.post("/sign-in", data=given | {"password": password, "code": codes[0]}).status_code == 302
    assert browser.get("/sync").status_code == 200
    return [password, key, *codes]


def fail_with_people(made: Installation, link: str) -> None:
    browser = made.browser()
    assert browser.get(f"/sign-in/callback?code={CODE}&state={STATE}").status_code in (400, 403)
    assert browser.get(link.removeprefix(made.url)).status_code == 200
    assert browser.get(f"/connect/1.{CODE}").status_code in (403, 404, 410)
    assert browser.get(f"/nothing?code={CODE}&client_secret={MONITOR}").status_code in (302, 404)
    made.world.faults.add("id_signature")
    person = next(each for each in made.world.people.values() if each.username.startswith("jonas"))
    microsoft = browser.get("/sign-in/microsoft").headers["Location"]
    assert browser.get(httpx.post(microsoft, data={"person": person.oid}).headers["Location"]).status_code >= 400


def fail_inside(made: Installation, browser: httpx.Client) -> None:
    """A page whose table is gone, and a worker whose credential is refused, and whose table is gone too."""
    made.sql("ALTER TABLE incidents_incident RENAME TO gone")
    answer = browser.get(f"/?q=Bearer+{CODE}")
    assert answer.status_code == 500
    assert "Something went wrong" in answer.text and "Traceback" not in answer.text
    made.world.advance(3600)
    made.sql("ALTER TABLE gone RENAME TO incidents_incident")
    made.world.monitor.secret = "another"
    command = [sys.executable, "manage.py", "doctor"]
    with (made.state / "doctor").open("w") as out:
        subprocess.run(command, cwd=project.BASE_DIR, env=made.own | made.given, check=False, stdout=out, stderr=out)
    made.group.running["worker"].terminate()
    made.group.running["worker"].wait(60)
    made.begin(processes.processes(made.port)[1])
    wait_for(lambda: "AADSTS7000215" in made.errors())


def test_no_secret_leaves_its_place(installation, capsys):
    made = installation
    halden, mora = made.world.tenant("Halden Energi"), made.world.tenant("Mora Clinics")
    mora.consented = False
    made.manage("migrate", "--verbosity", "0")
    made.manage("collectstatic", "--noinput", "--verbosity", "0")
    made.manage("connect", halden.name, halden.id)
    link = made.manage("invite", mora.name, "it@mora.example").strip()
    told = made.manage("operator")
    ines = next(each for each in made.world.people.values() if each.username.startswith("ines"))
    made.manage("grant", ines.oid, "administrator")
    made.start()
    wait_for(lambda: made.sql("SELECT 1 FROM incidents_incident"))
    browser = sign_in_with_microsoft(made, "ines")
    assert browser.get("/").status_code == 200
    secrets = come_in(made, told)
    fail_with_people(made, link)
    holding = {name: made.environments(name) for name in ("web", "worker", "beat")}
    fail_inside(made, browser)

    # Who holds what: each credential is with the one process that speaks with it, and with its children.
    for canary, holder in ((MONITOR, "worker"), (SIGN_IN, "web")):
        found = {name for name, environs in holding.items() if any(canary in each for each in environs)}
        assert found == {holder}

    made.group.stop()
    secrets += [MONITOR, SIGN_IN, KEY, CODE, STATE, PASSWORD, link.rpartition("/")[2]]
    searched, seen, hits = 0, {"Halden Energi": 0, "AADSTS7000215": 0, "[redacted]": 0, "tasks.wake": 0}, []
    for place, content in made.places():
        searched += 1
        # A page is told by its own address who it is for: the link of an invitation stands on it.
        hits += [(place, one) for one in secrets if one.encode() in content and one not in place]
        hits += [(place, "a token") for _ in JWT.finditer(content)]
        for word in seen:
            seen[word] += word.encode() in content
    # The same search finds what is to be found, in files, in the database and on pages.
    assert all(seen.values()), seen
    assert hits == []
    with capsys.disabled():
        print(f"\nsecrets: {len(secrets)} canaries and any token, {searched} places searched, {len(hits)} hits")
