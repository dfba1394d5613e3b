import csv
import json
import os
import subprocess
import sys
import time
import urllib.error
import urllib.request
from argparse import ArgumentParser
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from portal import processes
from portal.embedded import postgres, valkey
from portal.management.commands.run import refuse_taken_port


class Command(BaseCommand):
    help = "Start everything with a simulated Microsoft cloud; `make demo` calls it with the settings it needs."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--port", type=int, default=8000)
        parser.add_argument("--simulator-port", type=int, default=8001)

    def handle(self, *args: Any, **options: Any) -> None:
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
        command = [sys.executable, "-m", "simulator", "--port", str(simulator_port), "--begin", self.began()]
        group.start("simulator", command, os.environ)
        world = self.world(f"http://localhost:{simulator_port}")
        given = self.write_environment(world, port, simulator_port)
        self.prepare({**os.environ, **given}, world)
        for process in processes.processes(port):
            group.start(process.name, process.command, processes.environment(process, given))
        self.wait_for(f"http://localhost:{port}/healthz")
        self.say(f"\n  Utkik      http://localhost:{port}\n  Operator   operator")
        self.say(f"  Password   {(self.state / 'operator').read_text()}\n")
        self.say(
            "  In a second terminal:  set -a; . var/demo/env; set +a; .venv/bin/python manage.py sync\n"
            "  Ctrl-C ends the demo."
        )
        group.watch()

    def prepare(self, env: dict[str, str], world: dict[str, Any]) -> None:
        self.say("Preparing the database …")
        self.manage(env, "migrate", "--verbosity", "0")
        self.manage(env, "collectstatic", "--noinput", "--verbosity", "0")
        if not (self.state / "operator").exists():
            keep(self.state / "operator", self.manage(env, "operator").strip())
        self.say("Connecting the customers and reading their incidents …")
        self.manage(env, "connect", "--csv", str(self.customers(world)))
        # What one customer's directory refuses is shown on the page of the sync.
        self.manage(env, "sync", fails=True)

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
        with urllib.request.urlopen(f"{url}/_simulator/world", timeout=10) as answer:
            found: dict[str, Any] = json.load(answer)
        return found

    def wait_for(self, url: str) -> None:
        deadline = time.monotonic() + 60
        while True:
            try:
                with urllib.request.urlopen(url, timeout=5):
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
            "ENTRA_HOME_TENANT_ID": "00000000-0000-4000-8000-000000000000",
            "PUBLIC_URL": f"http://localhost:{port}",
            # Empty is unset: what a terminal already has for the real cloud must not mix in.
            **dict.fromkeys(("ENTRA_CERTIFICATE", "DATABASE_URL", "REDIS_URL", "SECRET_KEY"), ""),
        }
        keep(self.state / "env", "".join(f"{name}={value}\n" for name, value in own.items()))
        return own

    def manage(self, env: dict[str, str], *arguments: str, fails: bool = False) -> str:
        result = subprocess.run(
            [sys.executable, "manage.py", *arguments], cwd=settings.BASE_DIR, env=env, capture_output=True, text=True,
            check=False,
        )  # fmt: skip
        if result.returncode and not fails:
            raise CommandError((result.stderr.strip().splitlines() or ["It failed."])[-1])
        return result.stdout

    def customers(self, world: dict[str, Any]) -> Path:
        file = self.state / "customers.csv"
        with file.open("w", newline="", encoding="utf-8") as stream:
            csv.writer(stream).writerows((tenant["name"], tenant["id"]) for tenant in world["tenants"])
        return file


def keep(file: Path, text: str) -> None:
    """Write a file for this user's eyes only, whole or not at all."""
    fresh = file.with_name(f"{file.name}.new")
    fresh.touch(mode=0o600)
    fresh.write_text(text)
    fresh.replace(file)
