"""The product's processes under a supervisor that starts again whoever has died."""

import os
import signal
import subprocess
import threading
import time
from collections.abc import Mapping
from contextlib import suppress
from uuid import UUID

import psutil
from django.conf import settings

from portal import processes
from tenants.models import Customer, Tenant

PAUSE = 0.2


class Product:
    """Two workers with their children, and beat; each leads a session of its own."""

    def __init__(self) -> None:
        known = {process.name: process for process in processes.processes()}
        self.commands = {"beat": known["beat"]}
        for name in ("worker-1", "worker-2"):
            worker = known["worker"]
            command = (*worker.command, "--hostname", f"{name}@chaos")
            self.commands[name] = processes.Process(worker.name, command, worker.holds)
        self.running: dict[str, subprocess.Popen[bytes]] = {}
        self.sessions: set[int] = set()
        self.starts = 0
        self.ended = threading.Event()
        self.thread = threading.Thread(target=self.supervise, daemon=True)

    def __enter__(self) -> "Product":
        self.thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.ended.set()
        self.thread.join()
        for process in self.members():
            with suppress(psutil.NoSuchProcess):
                process.kill()
        for process in self.running.values():
            process.wait()

    def supervise(self) -> None:
        while not self.ended.wait(PAUSE):
            for name, process in self.commands.items():
                running = self.running.get(name)
                if running is None or running.poll() is not None:
                    self.running[name] = self.start(name, process)

    def start(self, name: str, process: processes.Process) -> "subprocess.Popen[bytes]":
        self.starts += 1
        log = settings.STATE_DIR / "log" / f"{name}.log"
        log.parent.mkdir(parents=True, exist_ok=True)
        with log.open("ab") as output:
            started = subprocess.Popen(
                process.command, cwd=settings.BASE_DIR, env=processes.environment(process), stdin=subprocess.DEVNULL,
                stdout=output, stderr=output, start_new_session=True,
            )  # fmt: skip
        self.sessions.add(started.pid)
        return started

    def members(self) -> list[psutil.Process]:
        """Every process that was started, with its children, also those whose parent is dead."""
        found = []
        for process in psutil.process_iter():
            with suppress(psutil.Error, OSError):
                if os.getsid(process.pid) in self.sessions:
                    found.append(process)
        return found

    def parent(self, pid: int) -> int:
        """The worker that the process is a child of, or was."""
        with suppress(OSError):
            return os.getsid(pid)
        return 0


def connect(directories: Mapping[str, str]) -> None:
    """Make each directory a connected customer's; names by directory ID."""
    for entra_id, name in directories.items():
        Tenant.objects.create(customer=Customer.objects.create(name=name), entra_id=UUID(entra_id))


def kill(pid: int) -> bool:
    """kill -9, and wait until it is dead; False when it was gone already."""
    try:
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        return False
    deadline = time.monotonic() + 5
    while time.monotonic() < deadline and alive(pid):
        time.sleep(0.005)
    return True


def alive(pid: int) -> bool:
    with suppress(psutil.NoSuchProcess):
        return psutil.Process(pid).status() not in (psutil.STATUS_ZOMBIE, psutil.STATUS_DEAD)
    return False
