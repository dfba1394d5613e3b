"""Whatever was killed and whenever: the next start of an embedded server works, and there is only ever one."""

import os
import signal
import stat
import subprocess
import sys
from pathlib import Path

import psutil
import psycopg
import pytest
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

from portal.embedded import postgres, server, valkey
from tenants.roles import OWNER


@pytest.fixture
def state(tmp_path):
    yield tmp_path / "state"
    postgres.stop(tmp_path / "state")
    valkey.stop(tmp_path / "state")


def servers(state):
    """The process numbers of everything that PostgreSQL runs for this folder, the postmaster first."""
    main = psutil.Process(server.number_in(state / "postgres" / "data" / "postmaster.pid"))
    return [main.pid, *(child.pid for child in main.children())]


def session(state, database=postgres.DATABASE):
    return psycopg.connect(postgres.dsn(state, OWNER, database), autocommit=True)


def killed(*pids):
    for pid in pids:
        os.kill(pid, signal.SIGKILL)
    psutil.wait_procs([psutil.Process(pid) for pid in pids if psutil.pid_exists(pid)], timeout=10)


def test_what_was_committed_survives_the_kill_of_every_postgres_process(state):
    postgres.ensure(state)
    with session(state) as connection:
        connection.execute("CREATE TABLE kept AS SELECT 'å' AS letter")
    killed(*servers(state))
    postgres.ensure(state)
    with session(state) as connection:
        assert connection.execute("SELECT upper(letter) FROM kept").fetchone() == ("Å",)


def test_a_session_that_outlives_its_killed_server_does_not_block_the_next_start(state):
    postgres.ensure(state)
    with session(state) as connection:
        backend = connection.info.backend_pid
        os.kill(backend, signal.SIGSTOP)
        killed(servers(state)[0])
        next_start = subprocess.Popen([sys.executable, "-c", start_code("postgres", state)], cwd=settings.BASE_DIR)
        while "is still in use" not in (state / "postgres" / "log").read_text():
            with pytest.raises(subprocess.TimeoutExpired):
                next_start.wait(0.1)
        os.kill(backend, signal.SIGCONT)
        assert next_start.wait(60) == 0
    assert postgres.answers(state)


def start_code(module, state):
    return f"from pathlib import Path; from portal.embedded import {module}; {module}.ensure(Path({str(state)!r}))"


def test_starters_at_one_moment_make_one_postgresql(state):
    command = [sys.executable, "-c", start_code("postgres", state)]
    starters = [subprocess.Popen(command, cwd=settings.BASE_DIR) for _ in range(3)]
    assert [starter.wait(60) for starter in starters] == [0, 0, 0]
    running = [process for process in psutil.process_iter() if f" -D {state}/" in server.command_line(process.pid)]
    assert [process.pid for process in running] == servers(state)[:1]


def test_the_role_and_the_database_exist_as_soon_as_the_server_answers(state):
    postgres.ensure(state)
    with session(state) as connection:
        owner = connection.execute(
            "SELECT pg_get_userbyid(datdba), rolsuper FROM pg_database, pg_roles WHERE datname = %s AND rolname = %s",
            [postgres.DATABASE, OWNER],
        ).fetchone()
    assert owner == (OWNER, False)


def test_a_server_without_a_free_connection_still_counts_as_running(state):
    postgres.ensure(state)
    first = servers(state)[0]
    with psycopg.connect(postgres.dsn(state, "postgres", "postgres"), autocommit=True) as connection:
        connection.execute(f"ALTER ROLE {OWNER} CONNECTION LIMIT 0")
    with pytest.raises(psycopg.OperationalError, match="too many connections"):
        session(state)
    postgres.ensure(state)
    assert servers(state)[0] == first


@pytest.mark.parametrize("text", ["", "nonsense", "1\n", f"{os.getpid()}\n"])
def test_a_stale_or_torn_pid_file_is_never_believed(state, text):
    assert not postgres.stop(state)
    (state / "postgres" / "data").mkdir(parents=True)
    (state / "valkey").mkdir()
    (state / "postgres" / "data" / "postmaster.pid").write_text(text)
    (state / "valkey" / "pid").write_text(text)
    assert not postgres.stop(state)
    assert not valkey.stop(state)


def test_valkey_keeps_its_messages_over_a_kill(state):
    valkey.ensure(state)
    path = server.socket_folder(state, valkey.NAME) / valkey.NAME
    assert asked(path, b"SET tick 1") == b"+OK"
    assert asked(path, b"CONFIG GET maxmemory-policy").endswith(b"noeviction")
    os.kill(server.number_in(state / "valkey" / "pid"), signal.SIGTERM)
    while valkey.answers(state):
        pass
    valkey.ensure(state)
    assert asked(path, b"GET tick").endswith(b"1")


def asked(path, command):
    with valkey.socket.socket(valkey.socket.AF_UNIX) as client:
        client.connect(str(path))
        client.sendall(command + b"\r\n")
        return client.recv(200).strip()


def test_a_server_holds_none_of_the_starters_files(state):
    reading, writing = os.pipe()
    os.set_inheritable(writing, True)
    postgres.ensure(state)
    valkey.ensure(state)
    os.close(writing)
    # It ends at once only when nobody else holds the other side.
    assert os.read(reading, 1) == b""
    os.close(reading)


def test_nobody_else_may_look_into_the_folders_of_the_servers(state):
    postgres.ensure(state)
    valkey.ensure(state)
    for name in ("postgres", "postgres/data", "valkey", "run"):
        assert stat.S_IMODE((state / name).stat().st_mode) == 0o700, name


def test_the_server_finds_its_programs_inside_a_closed_folder(tmp_path):
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)
    program = closed / "program"
    program.touch(mode=0o755)
    code = f"import os; print(os.access({str(program)!r}, os.R_OK | os.X_OK), os.geteuid())"
    found = subprocess.run([*postgres.prefix(), sys.executable, "-c", code], capture_output=True, text=True, check=True)
    readable, user = found.stdout.split()
    assert readable == "True"
    assert user != "0"


def test_a_socket_folder_that_somebody_else_has_made_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(server, "SHORT_PLACE", tmp_path)
    long = Path("/x" * 60)
    made = server.socket_folder(long, valkey.NAME)
    made.chmod(0o777)
    with pytest.raises(ImproperlyConfigured, match="is not private"):
        server.socket_folder(long, valkey.NAME)


def test_a_server_that_cannot_start_is_one_sentence_with_its_last_words(state):
    postgres.ensure(state)
    postgres.stop(state)
    with (state / "postgres" / "data" / "postgresql.auto.conf").open("a") as file:
        file.write("max_connections = many\n")
    with pytest.raises(ImproperlyConfigured, match="PostgreSQL did not start: .*max_connections"):
        postgres.ensure(state)
