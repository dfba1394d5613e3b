"""The processes of an installation: one list, by which the demo, `run` and docker-compose.yml start them."""

import fcntl
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import IO, NoReturn
from urllib.parse import urlsplit

import psutil
from django.conf import settings

from portal.embedded import server

# What opens every customer's directory; the file that holds it opens as much.
MONITOR = (
    "ENTRA_CLIENT_SECRET", "ENTRA_CLIENT_SECRET_FILE", "ENTRA_CERTIFICATE",
    "ENTRA_CLIENT_SECRET_NEXT", "ENTRA_CLIENT_SECRET_NEXT_FILE", "ENTRA_CERTIFICATE_NEXT",
)  # fmt: skip
SIGN_IN = ("ENTRA_SIGNIN_CLIENT_ID", "ENTRA_SIGNIN_CLIENT_SECRET", "ENTRA_SIGNIN_CLIENT_SECRET_FILE")
# The ways to PostgreSQL: by the role that sees all, by the web's, and by the owner's.
DATABASE = ("DATABASE_URL", "DATABASE_URL_FILE")
DATABASE_WEB = ("DATABASE_WEB_URL", "DATABASE_WEB_URL_FILE")
DATABASE_OWNER = ("DATABASE_OWNER_URL", "DATABASE_OWNER_URL_FILE")
CREDENTIALS = MONITOR + SIGN_IN + DATABASE + DATABASE_WEB + DATABASE_OWNER
LIST = "processes.json"
# A worker may be in the middle of a page; killed after this, it loses only the page.
PATIENCE_SECONDS = 15.0


@dataclass(frozen=True)
class Process:
    """One process: the credentials it is given, and the processes and servers that must be there before it."""

    name: str
    command: tuple[str, ...]
    holds: tuple[str, ...] = ()
    after: tuple[str, ...] = ()


def processes(port: int | None = None, host: str = "127.0.0.1") -> list[Process]:
    """Those that run on: web, worker and beat; the web listens where PUBLIC_URL says unless told otherwise."""
    python = (sys.executable, "-m")
    web = ("granian", "--interface", "wsgi", "--host", host, "--port", str(port or web_port()), "--workers", "2")
    quiet = ("--blocking-threads", "1", "--no-ws", "--log-level", "warning", "portal.wsgi:application")
    celery = (*python, "celery", "-A", "portal.celery")
    schedule = ("--pidfile=", "-s", settings.CELERY_BEAT_SCHEDULE_FILENAME)
    # Two read, by a crew of threads each; the third is free for what a person waits for.
    worker = (*celery, "worker", "--concurrency", "3", "--prefetch-multiplier", "1", "--loglevel", "WARNING")
    prepared = ("migrate", "postgres", "redis")
    return [
        Process("web", (*python, *web, *quiet), SIGN_IN + DATABASE_WEB, prepared),
        Process("worker", worker, MONITOR + DATABASE, prepared),
        Process("beat", (*celery, "beat", "--loglevel", "WARNING", *schedule), after=("migrate", "redis")),
    ]


def one_shots() -> list[Process]:
    """Those that do one thing and end: the migration before all others, and the doctor, who asks for everything."""
    manage = (sys.executable, "manage.py")
    return [
        Process("migrate", (*manage, "migrate", "--verbosity", "0"), DATABASE_OWNER, ("postgres",)),
        Process("doctor", (*manage, "doctor"), MONITOR + SIGN_IN + DATABASE, ("postgres", "redis")),
    ]


def web_port() -> int:
    parts = urlsplit(settings.PUBLIC_URL)
    # Behind a proxy that speaks https the web itself listens where the proxy expects it.
    return 8000 if parts.scheme == "https" else parts.port or 80


def environment(process: Process, given: Mapping[str, str] | None = None) -> dict[str, str]:
    """Our environment with every setting spelled out, so that no file has to be read; credentials where needed."""
    own = dict(os.environ) | dict(settings.ENVIRONMENT if given is None else given)
    own |= {"ENV_FILE": os.devnull, "STATE_DIR": str(settings.STATE_DIR), "PYTHONUNBUFFERED": "1"}
    own["DATABASE_ROLE"] = "web" if process.name == "web" else "worker"
    withheld = set(CREDENTIALS) - set(held(process, own))
    return {name: value for name, value in own.items() if name not in withheld}


def held(process: Process, given: Mapping[str, str]) -> tuple[str, ...]:
    """The credentials that it may hold, and those it has to share when it was given none of its own.

    A web without a registration signs in with the monitor's. An environment of its own has one DATABASE_URL, which is
    its own; the role behind it is looked at when it connects.
    """
    extra: tuple[str, ...] = ()
    if process.name == "web" and not given.get("ENTRA_SIGNIN_CLIENT_ID"):
        extra = MONITOR
    for own in (DATABASE_WEB, DATABASE_OWNER):
        if set(own) <= set(process.holds) and not any(given.get(name) for name in own):
            extra += DATABASE
    return process.holds + extra


def become(process: Process) -> NoReturn:
    """Turn this process into that one, with its environment and nothing more."""
    os.chdir(settings.BASE_DIR)
    settings.STATE_DIR.mkdir(parents=True, exist_ok=True)
    os.execve(process.command[0], process.command, environment(process))


class Ended(Exception):
    """The group cannot begin or go on; the message is one sentence, with the last words of the one that ended."""


class Group:
    """Started processes, which end together when the block is left; only one group at a time in a state folder.

    A list on disk finds those that a killed starter has left behind: each is the leader of a session of its own.
    """

    def __init__(self, state: Path) -> None:
        self.state = state
        self.running: dict[str, subprocess.Popen[bytes]] = {}

    def __enter__(self) -> "Group":
        held = lock(self.state)
        if held is None:
            raise Ended(f"It is running already in {self.state}: end that one with Ctrl-C or make stop.")
        self.lock = held
        for number in (signal.SIGTERM, signal.SIGHUP):
            if signal.getsignal(number) is not signal.SIG_IGN:
                signal.signal(number, interrupt)
        end_leftovers(self.state)
        self.remember()
        return self

    def __exit__(self, *error: object) -> None:
        self.stop()
        self.lock.close()

    def start(self, name: str, command: Sequence[str], env: Mapping[str, str]) -> None:
        log = self.log(name)
        log.parent.mkdir(parents=True, exist_ok=True)
        if log.exists():
            log.replace(log.with_suffix(".log.before"))
        with log.open("wb") as output:
            self.running[name] = subprocess.Popen(
                command, cwd=settings.BASE_DIR, env=dict(env), stdin=subprocess.DEVNULL, stdout=output, stderr=output,
                start_new_session=True,
            )  # fmt: skip
        self.remember()

    def remember(self) -> None:
        known = {name: process.pid for name, process in self.running.items()}
        fresh = self.state / "processes.new"
        fresh.write_text(json.dumps({"starter": os.getpid(), "sessions": known}))
        fresh.replace(self.state / LIST)

    def log(self, name: str) -> Path:
        return self.state / "log" / f"{name}.log"

    def watch(self) -> None:
        """Wait until we are told to end (KeyboardInterrupt), or raise Ended when one of them has."""
        while True:
            for name, process in self.running.items():
                if process.poll() is not None:
                    raise Ended(f"The {name} process ended by itself: {server.last_words(self.log(name))}")
            time.sleep(0.5)

    def stop(self) -> None:
        # Nothing may disturb the ending, a second Ctrl-C neither: what is left half-ended would hold the ports.
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, signal.SIG_IGN)
        for process in self.running.values():
            process.terminate()
        deadline = time.monotonic() + PATIENCE_SECONDS
        for process in self.running.values():
            try:
                process.wait(timeout=max(0.1, deadline - time.monotonic()))
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        end_leftovers(self.state)


def interrupt(number: int, frame: FrameType | None) -> None:
    raise KeyboardInterrupt


def lock(state: Path) -> IO[str] | None:
    """The right to run a group in this folder, free as soon as its holder is gone; None when another has it."""
    state.mkdir(parents=True, exist_ok=True)
    file = (state / "processes.lock").open("w")
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        file.close()
        return None
    return file


def end(state: Path) -> bool:
    """End the group of this folder, running or left behind; False when there was none."""
    held = lock(state)
    if held is None:
        if starter := listed(state)[0]:
            server.end(starter, [signal.SIGTERM, signal.SIGKILL], 3 * PATIENCE_SECONDS)
        end_leftovers(state)
        return True
    with held:
        return end_leftovers(state)


def end_leftovers(state: Path) -> bool:
    """End every process that a group in this folder has started and that still runs."""
    left = list(members(set(listed(state)[1])))
    for process in left:
        with suppress(psutil.NoSuchProcess):
            process.terminate()
    for process in psutil.wait_procs(left, timeout=PATIENCE_SECONDS)[1]:
        with suppress(psutil.NoSuchProcess):
            process.kill()
    (state / LIST).unlink(missing_ok=True)
    return bool(left)


def listed(state: Path) -> tuple[int, list[int]]:
    """The starter's process number, and the sessions it has started."""
    try:
        known = json.loads((state / LIST).read_text())
        return int(known["starter"]), [int(number) for number in known["sessions"].values()]
    except (FileNotFoundError, ValueError, KeyError):
        return 0, []


def members(sessions: set[int]) -> Iterator[psutil.Process]:
    """The processes of these sessions that work in our folder: a number can belong to somebody else by now."""
    for process in psutil.process_iter():
        with suppress(psutil.Error, OSError):
            if os.getsid(process.pid) in sessions and Path(process.cwd()) == settings.BASE_DIR:
                yield process
