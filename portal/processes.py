"""The processes of an installation: one list, by which the demo and `run` start them."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from urllib.parse import urlsplit

from django.conf import settings

from portal.embedded import server

CREDENTIAL = ("ENTRA_CLIENT_SECRET", "ENTRA_CERTIFICATE")


@dataclass(frozen=True)
class Process:
    """One process; only those that speak with Microsoft are given the credential."""

    name: str
    command: tuple[str, ...]
    holds_credential: bool = False


def processes() -> list[Process]:
    port = str(web_port())
    python = (sys.executable, "-m")
    web = ("granian", "--interface", "wsgi", "--host", "127.0.0.1", "--port", port, "--workers", "2")
    quiet = ("--blocking-threads", "1", "--no-ws", "--log-level", "warning", "portal.wsgi:application")
    celery = (*python, "celery", "-A", "portal.celery")
    schedule = ("--pidfile=", "-s", settings.CELERY_BEAT_SCHEDULE_FILENAME)
    return [
        Process("web", (*python, *web, *quiet)),
        Process("worker", (*celery, "worker", "--concurrency", "2", "--loglevel", "WARNING"), holds_credential=True),
        Process("beat", (*celery, "beat", "--loglevel", "WARNING", *schedule)),
    ]


def web_port() -> int:
    parts = urlsplit(settings.PUBLIC_URL)
    # Behind a proxy that speaks https the web itself listens where the proxy expects it.
    return 8000 if parts.scheme == "https" else parts.port or 80


def environment(process: Process) -> dict[str, str]:
    """Our environment with every setting spelled out, so that no file has to be read; the credential where needed."""
    own = {name: value for name, value in os.environ.items() if name not in (*CREDENTIAL, "ENV_FILE")}
    given = {
        name: value
        for name, value in settings.ENVIRONMENT.items()
        if process.holds_credential or name not in CREDENTIAL
    }
    return own | given | {"ENV_FILE": os.devnull, "STATE_DIR": str(settings.STATE_DIR), "PYTHONUNBUFFERED": "1"}


class Ended(Exception):
    """One of the processes ended by itself; the message says which and its last words."""


class Group:
    """Started processes, which end together; a list on disk finds those that a killed starter left behind."""

    def __init__(self, state: Path) -> None:
        self.state = state
        self.list = state / "processes.json"
        self.running: dict[str, subprocess.Popen[bytes]] = {}

    def end_leftovers(self) -> None:
        known = json.loads(self.list.read_text() or "{}") if self.list.exists() else {}
        for pid, command in known.values():
            if command and server.command_line(pid) == command:
                server.end(pid, [signal.SIGTERM, signal.SIGKILL])
        self.list.unlink(missing_ok=True)

    def start(self, name: str, command: Sequence[str], env: Mapping[str, str]) -> None:
        log = self.log(name)
        log.parent.mkdir(parents=True, exist_ok=True)
        with log.open("ab") as output:
            self.running[name] = subprocess.Popen(
                command, cwd=settings.BASE_DIR, env=dict(env), stdin=subprocess.DEVNULL, stdout=output, stderr=output,
                start_new_session=True,
            )  # fmt: skip
        time.sleep(0.05)
        known = {key: (process.pid, server.command_line(process.pid)) for key, process in self.running.items()}
        self.list.write_text(json.dumps(known))

    def log(self, name: str) -> Path:
        return self.state / "log" / f"{name}.log"

    def watch(self) -> None:
        """Wait until we are told to end (KeyboardInterrupt), or raise Ended when one of them has."""
        signal.signal(signal.SIGTERM, interrupt)
        while True:
            for name, process in self.running.items():
                if process.poll() is not None:
                    lines = self.log(name).read_text(errors="replace").splitlines()[-3:]
                    raise Ended(f"The {name} process ended by itself: {' | '.join(lines) or 'it left no message'}")
            time.sleep(0.5)

    def stop(self) -> None:
        for process in self.running.values():
            process.terminate()
        for process in self.running.values():
            try:
                process.wait(timeout=15)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        self.list.unlink(missing_ok=True)


def interrupt(number: int, frame: FrameType | None) -> None:
    raise KeyboardInterrupt
