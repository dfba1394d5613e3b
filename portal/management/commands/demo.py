import argparse
import json
import os
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import CommandError

from accounts.commands import Operation
from portal import demonstration, processes
from portal.embedded import postgres, valkey
from portal.management.commands.run import refuse_taken_port

UNSET = (
    *processes.MONITOR[1:], "DATABASE_URL", "DATABASE_WEB_URL", "DATABASE_OWNER_URL", "DATABASE_ROLE", "REDIS_URL",
    "SECRET_KEY",
)  # fmt: skip


class Command(Operation):
    help = "Start everything with a simulated Microsoft cloud; `make demo` calls it with the settings it needs."

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        parser.add_argument("--port", type=int, default=8000)
        parser.add_argument("--simulator-port", type=int, default=8001)
        # The demo calls itself so, with the settings that it has found out.
        parser.add_argument("--prepare", action="store_true", help=argparse.SUPPRESS)

    def handle(self, *args: Any, **options: Any) -> None:
        if options["prepare"]:
            return demonstration.prepare(self.say)
        return self.begin(options)

    def begin(self, options: dict[str, Any]) -> None:
        self.state: Path = settings.STATE_DIR
        if self.state != settings.BASE_DIR / "var" / "demo" or settings.DATABASE_URL or settings.REDIS_URL:
            raise CommandError("Start the demo with `make demo`.")
        try:
            with processes.Group(self.state) as group:
                self.refuse_taken(options["port"], options["simulator_port"])
                with self.servers(group):
                    self.show(group, options["port"], options["simulator_port"])
        except KeyboardInterrupt:
            self.say("Ended.")
        except processes.Ended as error:
            raise CommandError(str(error)) from error

    def refuse_taken(self, port: int, simulator_port: int) -> None:
        if port == simulator_port:
            raise CommandError(f"PORT and SIMULATOR_PORT are both {port}: choose two different ones.")
        refuse_taken_port(port, "make demo PORT=…")
        refuse_taken_port(simulator_port, "make demo SIMULATOR_PORT=…")

    @contextmanager
    def servers(self, group: processes.Group) -> Iterator[None]:
        """PostgreSQL and Valkey, which end with the demo, after the processes that use them."""
        self.say("Starting PostgreSQL and Valkey …")
        try:
            postgres.ensure(self.state)
            valkey.ensure(self.state)
            yield
        finally:
            group.stop()
            valkey.stop(self.state)
            postgres.stop(self.state)

    def show(self, group: processes.Group, port: int, simulator_port: int) -> None:
        self.say("Starting the simulated Microsoft cloud …")
        group.start("simulator", self.simulator(simulator_port), os.environ)
        world = self.world(f"http://localhost:{simulator_port}")
        given = self.write_environment(world, port, simulator_port)
        self.prepare({**os.environ, **given})
        for process in processes.processes(port):
            group.start(process.name, process.command, processes.environment(process, given))
        self.wait_for(f"http://localhost:{port}/healthz/web")
        self.say(self.greeting(f"http://localhost:{port}"))
        group.watch()

    def simulator(self, port: int) -> list[str]:
        journal = str(self.state / "journal")
        where = ["--port", str(port), "--begin", self.began(), "--journal", journal]
        return [sys.executable, "-m", "simulator", "--demo", *where]

    def prepare(self, env: dict[str, str]) -> None:
        self.say("Preparing the database …")
        self.manage(env, "migrate", "--verbosity", "0")
        self.manage(env, "collectstatic", "--noinput", "--verbosity", "0")
        self.say("Connecting the customers and reading their incidents …")
        self.manage(env, "demo", "--prepare")

    def greeting(self, url: str) -> str:
        people = json.loads((self.state / "people.json").read_text(encoding="utf-8"))
        rows = "".join(f"    {each['role']:<14} {each['name']:<18} {each['username']}\n" for each in people)
        return (
            f"\n  Utkik: {url}\n\n  Sign in as one of these; the simulated cloud asks for no password:\n{rows}\n"
            f"  A customer's administrator who has been invited begins here:\n    {self.invitation()}\n\n"
            "  In a second terminal:  set -a; . var/demo/env; set +a; .venv/bin/python manage.py sync\n"
            "  Ctrl-C ends the demo."
        )

    def invitation(self) -> str:
        return (self.state / "invitation").read_text(encoding="utf-8")

    def say(self, text: str) -> None:
        self.stdout.write(text)
        self.stdout.flush()

    def began(self) -> str:
        """When this demo's world began: the same at the next start, so that it goes on where it was."""
        file = self.state / "began"
        if not file.exists():
            keep(file, datetime.now(UTC).isoformat())
        return file.read_text()

    def world(self, url: str) -> dict[str, Any]:
        self.wait_for(f"{url}/_simulator/world")
        with urllib.request.urlopen(f"{url}/_simulator/world", timeout=10) as answer:  # nosec B310
            found: dict[str, Any] = json.load(answer)
        return found

    def wait_for(self, url: str) -> None:
        deadline = time.monotonic() + 60
        while True:
            try:
                with urllib.request.urlopen(url, timeout=5):  # nosec B310
                    return
            except (urllib.error.URLError, ConnectionError, TimeoutError) as error:
                if time.monotonic() > deadline:
                    raise CommandError(f"{url} does not answer; look into {self.state / 'log'}.") from error
                time.sleep(0.1)

    def write_environment(self, world: dict[str, Any], port: int, simulator_port: int) -> dict[str, str]:
        """The settings of the demo, for its processes and for a second terminal."""
        own = {
            "ENV_FILE": os.devnull,
            "STATE_DIR": str(self.state.relative_to(settings.BASE_DIR)),
            "MICROSOFT_CLOUD_URL": f"http://localhost:{simulator_port}",
            "ENTRA_CLIENT_ID": world["client_id"],
            "ENTRA_CLIENT_SECRET": world["client_secret"],
            "ENTRA_SIGNIN_CLIENT_ID": world["signin_client_id"],
            "ENTRA_SIGNIN_CLIENT_SECRET": world["signin_client_secret"],
            "ENTRA_HOME_TENANT_ID": world["home"]["id"],
            "PROVIDER_NAME": world["home"]["name"],
            "PUBLIC_URL": f"http://localhost:{port}",
            # Empty is unset: what a terminal already has for the real cloud must not mix in.
            **dict.fromkeys(UNSET, ""),
        }
        keep(self.state / "env", "".join(f"{name}={value}\n" for name, value in own.items()))
        return own

    def manage(self, env: dict[str, str], *arguments: str) -> None:
        """Run a command that shows its progress itself; CommandError with its last words when it fails."""
        command = [sys.executable, "manage.py", *arguments]
        result = subprocess.run(command, cwd=settings.BASE_DIR, env=env, stderr=subprocess.PIPE, text=True, check=False)
        if result.returncode:
            raise CommandError((result.stderr.strip().splitlines() or ["It failed."])[-1])


def keep(file: Path, text: str) -> None:
    """Write a file for this user's eyes only, whole or not at all."""
    fresh = file.with_name(f"{file.name}.new")
    fresh.touch(mode=0o600)
    fresh.write_text(text)
    fresh.replace(file)
