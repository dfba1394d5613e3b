"""What the embedded servers share: where they live, how one is started once, and how it ends."""

import fcntl
import hashlib
import importlib.util
import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import psutil
from django.core.exceptions import ImproperlyConfigured

PATIENCE_SECONDS = 60.0
LONGEST_SOCKET_PATH = 100  # the kernel's limit is 103 on macOS and 107 on Linux
# Not the temporary folder of the environment: every process must find the same one.
SHORT_PLACE = Path("/tmp")  # nosec B108


def package(name: str) -> Path:
    """The folder of an installed wheel, found without importing it: that can have effects of its own."""
    spec = importlib.util.find_spec(name)
    if spec is None or not spec.submodule_search_locations:
        raise ImproperlyConfigured(f"The package {name} is not installed: run make setup, or set the server's address.")
    return Path(spec.submodule_search_locations[0])


def socket_folder(state: Path, longest_name: str) -> Path:
    """A private folder for sockets: in the state folder, or in a short place when its path cannot name a socket."""
    folder = state / "run"
    if len(os.fsencode(folder / longest_name)) > LONGEST_SOCKET_PATH or set(str(folder)) & set(',"%?#'):
        digest = hashlib.blake2b(os.fsencode(state), digest_size=8).hexdigest()
        folder = SHORT_PLACE / f"utkik-{os.geteuid()}-{digest}"
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    refuse_foreign(folder)
    return folder


def refuse_foreign(folder: Path) -> None:
    """In a place that all can write to, somebody else may have made the folder first, to hear what we say."""
    found = folder.lstat()
    if folder.is_symlink() or found.st_uid != os.geteuid() or found.st_mode & 0o077:
        raise ImproperlyConfigured(f"The folder {folder} is not private to this user: remove it, or choose STATE_DIR.")


@contextmanager
def locked(state: Path, name: str) -> Iterator[None]:
    """Only one process at a time may start or end this server; a killed holder's lock is free at once."""
    try:
        state.mkdir(parents=True, exist_ok=True)
        file = (state / f"{name}.lock").open("w")
    except OSError as error:
        raise ImproperlyConfigured(f"{state} cannot be used for the embedded servers: {error.strerror}.") from error
    with file:
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
    """Return when the server answers; ImproperlyConfigured with its last words when it ends or takes too long."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not ready():
        if process.poll() is not None or time.monotonic() > deadline:
            raise ImproperlyConfigured(f"The embedded {name} did not start: {last_words(log)}")
        time.sleep(0.05)
    # It is meant to outlive us: the object that stands for it must not wait for it, nor warn.
    process.returncode = 0


def last_words(log: Path) -> str:
    lines = log.read_text(errors="replace").splitlines()[-3:] if log.exists() else []
    return " | ".join(lines) or "it left no message"


def number_in(file: Path) -> int:
    """The process number that a pid file begins with; 0 when there is none, or only a torn one."""
    try:
        return int(file.read_text(errors="replace").split()[0])
    except (FileNotFoundError, IndexError, ValueError):
        return 0


def command_line(pid: int) -> str:
    """The command a process runs, '' when there is no such process or it has ended."""
    try:
        process = psutil.Process(pid)
        return "" if process.status() == psutil.STATUS_ZOMBIE else " ".join(process.cmdline())
    except (psutil.NoSuchProcess, psutil.AccessDenied):
        return ""


def end(pid: int, signals: Sequence[signal.Signals], patience_seconds: float = 10) -> bool:
    """Ask a process to end, more firmly each time; False when it was gone already."""
    for number in signals:
        try:
            os.kill(pid, number)
        except ProcessLookupError:
            return number != signals[0]
        deadline = time.monotonic() + patience_seconds
        while command_line(pid):
            if time.monotonic() > deadline:
                break
            time.sleep(0.05)
        else:
            return True
    return True
