"""What the embedded servers share: where they live, how one is started once, and how it ends."""

import fcntl
import hashlib
import importlib.util
import os
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from django.core.exceptions import ImproperlyConfigured

PATIENCE_SECONDS = 60.0
LONGEST_SOCKET_PATH = 100  # the kernel's limit is 103 on macOS and 107 on Linux


def package(name: str) -> Path:
    """The folder of an installed wheel, found without importing it: that can have effects of its own."""
    spec = importlib.util.find_spec(name)
    if spec is None or not spec.submodule_search_locations:
        raise ImproperlyConfigured(f"The package {name} is not installed: run make setup, or set the server's address.")
    return Path(spec.submodule_search_locations[0])


def socket_folder(state: Path, longest_name: str) -> Path:
    """A private folder for sockets: in the state folder, or in a short place when its path is too long for one."""
    folder = state / "run"
    if len(str(folder / longest_name)) > LONGEST_SOCKET_PATH:
        digest = hashlib.blake2b(str(state).encode(), digest_size=8).hexdigest()
        folder = Path(os.environ.get("XDG_RUNTIME_DIR") or tempfile.gettempdir()) / f"utkik-{digest}"
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    return folder


@contextmanager
def locked(state: Path, name: str) -> Iterator[None]:
    """Only one process at a time may start or end this server; a killed holder's lock is free at once."""
    state.mkdir(parents=True, exist_ok=True)
    with (state / f"{name}.lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def spawn(command: Sequence[str], log: Path, folder: Path) -> "subprocess.Popen[bytes]":
    """Start a server that has nothing of ours but its log: no terminal, no file, no signal."""
    with log.open("ab") as output:
        return subprocess.Popen(
            command, cwd=folder, stdin=subprocess.DEVNULL, stdout=output, stderr=output, start_new_session=True,
            close_fds=True, env=environment(),
        )  # fmt: skip


def environment() -> dict[str, str]:
    """Of our environment only what a server needs: secrets must not live on in its process."""
    return {name: os.environ[name] for name in ("PATH", "HOME", "TMPDIR", "LANG") if name in os.environ} | {
        "LC_ALL": "C"
    }


def wait_until(ready: Callable[[], bool], process: "subprocess.Popen[bytes]", name: str, log: Path) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not ready():
        if process.poll() is not None or time.monotonic() > deadline:
            lines = log.read_text(errors="replace").splitlines()[-3:] if log.exists() else []
            raise ImproperlyConfigured(
                f"The embedded {name} did not start: {' | '.join(lines) or 'it left no message'}"
            )
        time.sleep(0.05)
    # It is meant to outlive us: the object that stands for it must not wait for it, nor warn.
    process.returncode = 0


def command_line(pid: int) -> str:
    """The command a process runs, '' when there is no such process."""
    result = subprocess.run(
        ["ps", "-ww", "-o", "command=", "-p", str(pid)], capture_output=True, text=True, check=False
    )
    return result.stdout.strip()


def end(pid: int, signals: Sequence[signal.Signals]) -> bool:
    """Ask a process to end, more firmly each time; False when it was gone already."""
    for number in signals:
        try:
            os.kill(pid, number)
        except ProcessLookupError:
            return number != signals[0]
        deadline = time.monotonic() + 10
        while time.monotonic() < deadline and command_line(pid):
            time.sleep(0.05)
    return True
