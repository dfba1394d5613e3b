"""The product's own processes, as an installation starts them, and what they cost."""

import os
import signal
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress

import psutil
from django.conf import settings

from portal import processes

PATIENCE_SECONDS = 10


@contextmanager
def running(names: Sequence[str], url: str, port: int | None = None) -> Iterator[dict[str, psutil.Process]]:
    """The named processes against the cloud at `url`, until the block is left."""
    given = {**settings.ENVIRONMENT, "MICROSOFT_CLOUD_URL": url, "DJANGO_SETTINGS_MODULE": "portal.settings"}
    logs = settings.STATE_DIR / "log"
    logs.mkdir(parents=True, exist_ok=True)
    started: dict[str, subprocess.Popen[bytes]] = {}
    try:
        for process in processes.processes(port):
            if process.name in names:
                with (logs / f"{process.name}.log").open("ab") as log:
                    started[process.name] = subprocess.Popen(
                        process.command, cwd=settings.BASE_DIR, env=processes.environment(process, given),
                        stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True,
                    )  # fmt: skip
        yield {name: psutil.Process(process.pid) for name, process in started.items()}
    finally:
        for one in started.values():
            end(one)


def end(process: "subprocess.Popen[bytes]") -> None:
    process.terminate()
    with suppress(subprocess.TimeoutExpired):
        process.wait(PATIENCE_SECONDS)
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def family(process: psutil.Process) -> list[psutil.Process]:
    return [process, *process.children(recursive=True)]


def cpu_seconds(process: psutil.Process) -> float:
    """CPU time of a process and of its children."""
    total = 0.0
    for member in family(process):
        with suppress(psutil.NoSuchProcess):
            times = member.cpu_times()
            total += times.user + times.system
    return total


def memory(process: psutil.Process) -> float:
    """Resident megabytes of the largest of a process and its children."""
    sizes = [0.0]
    for member in family(process):
        with suppress(psutil.NoSuchProcess):
            sizes.append(member.memory_info().rss / 1024**2)
    return max(sizes)


def until(seconds: float, pause: float = 1.0) -> Iterator[float]:
    """Seconds since the begin, once each pause, for so long."""
    began = time.monotonic()
    while (passed := time.monotonic() - began) < seconds:
        yield passed
        time.sleep(pause)
