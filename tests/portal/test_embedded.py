"""The embedded servers start whatever was killed, leave nothing of ours open, and end when told."""

import os
import signal
import subprocess
import sys

import psycopg
import pytest
from django.conf import settings

from portal.embedded import postgres, server, valkey
from tenants.roles import OWNER, WEB, WORKER


@pytest.fixture
def state(tmp_path):
    folder = tmp_path / "closed"
    folder.mkdir(mode=0o700)
    yield folder / "state"
    postgres.stop(folder / "state")
    valkey.stop(folder / "state")


def postmaster(state):
    return int((state / "postgres" / "data" / "postmaster.pid").read_text().split()[0])


def one(state):
    with psycopg.connect(postgres.dsn(state, OWNER, postgres.DATABASE)) as connection:
        return connection.execute("SELECT 1").fetchone()[0]


def test_postgresql_survives_every_kind_of_kill(state):
    mode = state.parent.stat().st_mode
    postgres.ensure(state)
    assert one(state) == 1
    os.kill(postmaster(state), signal.SIGKILL)
    while server.command_line(postmaster(state)):
        pass
    postgres.ensure(state)
    assert one(state) == 1
    # A stale file whose number is another program's by now.
    assert postgres.stop(state)
    (state / "postgres" / "data" / "postmaster.pid").write_text(f"{os.getpid()}\n{state}\n")
    postgres.ensure(state)
    assert one(state) == 1
    assert state.parent.stat().st_mode == mode


def test_a_half_made_data_directory_is_made_anew(state):
    (state / "postgres" / "data.new").mkdir(parents=True)
    (state / "postgres" / "data.new" / "PG_VERSION").write_text("18")
    postgres.ensure(state)
    assert one(state) == 1


def test_two_starters_at_one_moment_make_one_server(state):
    code = f"from pathlib import Path; from portal.embedded import valkey; valkey.ensure(Path({str(state)!r}))"
    starters = [subprocess.Popen([sys.executable, "-c", code], cwd=settings.BASE_DIR) for _ in range(4)]
    assert [starter.wait(60) for starter in starters] == [0, 0, 0, 0]
    pid = int((state / "valkey" / "pid").read_text())
    assert valkey.answers(state)
    os.kill(pid, signal.SIGKILL)
    while server.command_line(pid):
        pass
    valkey.ensure(state)
    assert valkey.answers(state)
    assert valkey.stop(state)
    assert not valkey.stop(state)
    assert not valkey.answers(state)


def test_a_long_path_gets_a_short_socket(tmp_path):
    long = tmp_path / ("x" * 90) / "state"
    folder = server.socket_folder(long, postgres.SOCKET)
    assert len(str(folder / postgres.SOCKET)) <= server.LONGEST_SOCKET_PATH
    assert folder.stat().st_mode & 0o777 == 0o700
    folder.rmdir()


def test_a_server_gets_none_of_our_secrets(monkeypatch):
    monkeypatch.setenv("ENTRA_CLIENT_SECRET", "canary")
    assert "canary" not in server.environment().values()


def test_a_database_of_one_role_gets_three_and_keeps_what_it_has(state):
    postgres.ensure(state)
    with psycopg.connect(postgres.dsn(state, postgres.SUPERUSER, postgres.SUPERUSER), autocommit=True) as admin:
        admin.execute(f"DROP ROLE {WEB}, {WORKER}")
        admin.execute(f"ALTER ROLE {OWNER} RENAME TO utkik")
    with psycopg.connect(postgres.dsn(state, "utkik", postgres.DATABASE)) as former:
        former.execute("CREATE TABLE kept AS SELECT 'å' AS letter")
    (state / "postgres" / "data" / postgres.PREPARED).unlink()
    postgres.ensure(state)
    with psycopg.connect(postgres.dsn(state, OWNER, postgres.DATABASE)) as owner:
        assert owner.execute("SELECT letter FROM kept").fetchone() == ("å",)
    for role in (WEB, WORKER):
        refused = pytest.raises(psycopg.errors.InsufficientPrivilege)
        with psycopg.connect(postgres.dsn(state, role, postgres.DATABASE)) as behind, refused:
            behind.execute("SELECT letter FROM kept")
