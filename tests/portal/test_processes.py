"""A group of processes: it ends together, only one runs in a folder, and what a killed starter left is found."""

import os
import signal
import socket
import subprocess
import sys
import time

import psutil
import pytest
from django.conf import settings
from django.core.management import CommandError

from portal import checks, processes
from portal.management.commands import run

STARTER = """
import os, sys
from pathlib import Path
from django.conf import settings
from portal import checks, processes
settings.configure(BASE_DIR=Path.cwd())
with processes.Group(Path(sys.argv[1])) as group:
    group.start("one", [sys.executable, "-c", "import signal; signal.pause()"], os.environ)
    group.start("two", ["sh", "-c", "sleep 600 & wait"], os.environ)
    print("started", flush=True)
    group.watch()
"""


@pytest.fixture(autouse=True)
def handlers():
    """The signal handlers of the test run itself, which a group changes."""
    kept = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)}
    yield
    for number, handler in kept.items():
        signal.signal(number, handler)


@pytest.fixture
def starter(tmp_path):
    """Another process that runs a group in tmp_path, as `make demo` does."""
    command = [sys.executable, "-c", STARTER, str(tmp_path)]
    with subprocess.Popen(command, cwd=settings.BASE_DIR, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout.readline() == b"started\n"
        yield process
        process.kill()
    processes.end(tmp_path)


def running(tmp_path):
    return list(processes.members(set(processes.listed(tmp_path)[1])))


def test_what_a_killed_starter_left_behind_ends_before_the_next_start(starter, tmp_path):
    deadline = time.monotonic() + 30
    # The last of them may not have started its child yet.
    while len(left := running(tmp_path)) < 3 and time.monotonic() < deadline:
        time.sleep(0.05)
    assert len(left) == 3
    starter.kill()
    starter.wait()
    assert running(tmp_path) == left
    with processes.Group(tmp_path):
        assert not any(process.is_running() for process in left)


def test_only_one_group_runs_in_a_folder(starter, tmp_path):
    with pytest.raises(processes.Ended, match="running already"), processes.Group(tmp_path):
        pytest.fail("It began.")
    assert starter.poll() is None
    assert len(running(tmp_path)) == 3


def test_stop_ends_the_starter_and_all_it_started(starter, tmp_path):
    left = running(tmp_path)
    assert processes.end(tmp_path)
    assert starter.wait(10) != 0
    assert not any(process.is_running() for process in left)
    assert not processes.end(tmp_path)


def test_a_closed_terminal_ends_everything(starter, tmp_path):
    left = running(tmp_path)
    starter.send_signal(signal.SIGHUP)
    starter.wait(30)
    assert not any(process.is_running() for process in left)


def test_a_process_that_ends_by_itself_is_named_with_its_last_words(tmp_path):
    with (
        pytest.raises(processes.Ended, match="The web process ended by itself: out of luck"),
        processes.Group(tmp_path) as group,
    ):
        group.start("web", [sys.executable, "-c", "import sys; sys.exit('out of luck')"], os.environ)
        group.watch()


def test_a_process_that_does_not_want_to_end_is_killed(tmp_path, monkeypatch):
    monkeypatch.setattr(processes, "PATIENCE_SECONDS", 0.5)
    code = "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('deaf', flush=True); signal.pause(); signal.pause()"
    with processes.Group(tmp_path) as group:
        group.start("deaf", [sys.executable, "-c", code], os.environ)
        while "deaf" not in group.log("deaf").read_text():
            pass
        deaf = psutil.Process(group.running["deaf"].pid)
    assert not deaf.is_running()


@pytest.mark.parametrize("text", ["", "{", '{"starter": 1}'])
def test_a_torn_list_of_processes_ends_nobody(tmp_path, text):
    (tmp_path / processes.LIST).write_text(text)
    assert not processes.end(tmp_path)


def test_a_number_that_belongs_to_somebody_else_by_now_is_left_alone(tmp_path):
    stranger = subprocess.Popen(["sleep", "600"], cwd=tmp_path, start_new_session=True)
    (tmp_path / processes.LIST).write_text(f'{{"starter": {stranger.pid}, "sessions": {{"web": {stranger.pid}}}}}')
    assert not processes.end(tmp_path)
    assert stranger.poll() is None
    stranger.kill()
    stranger.wait()


def test_a_taken_port_is_one_sentence_that_says_how_to_choose_another():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        with pytest.raises(CommandError, match=r"Port \d+ is taken .* with make demo PORT="):
            run.refuse_taken_port(taken.getsockname()[1], "make demo PORT=…")


def test_a_port_that_cannot_exist_is_one_sentence():
    with pytest.raises(CommandError, match="Port 99999 does not exist"):
        run.refuse_taken_port(99999, "PUBLIC_URL")


def test_the_web_listens_where_the_public_address_says(settings):
    settings.PUBLIC_URL = "http://localhost:8123"
    assert "8123" in processes.processes()[0].command
    assert "8200" in processes.processes(8200)[0].command
    settings.PUBLIC_URL = "https://utkik.example"
    assert processes.web_port() == 8000


MONITOR = {"ENTRA_CLIENT_ID": "public", "ENTRA_CLIENT_SECRET": "monitor", "ENTRA_CERTIFICATE": "monitor"}
SIGN_IN = {"ENTRA_SIGNIN_CLIENT_ID": "sign-in", "ENTRA_SIGNIN_CLIENT_SECRET": "sign-in"}


def holders(canary, given):
    every = processes.processes() + processes.one_shots()
    return [process.name for process in every if canary in processes.environment(process, given).values()]


def test_each_process_holds_only_the_credential_that_it_speaks_with():
    assert holders("monitor", MONITOR | SIGN_IN) == ["worker", "doctor"]
    assert holders("sign-in", MONITOR | SIGN_IN) == ["web", "doctor"]


def test_each_process_is_given_its_own_way_to_the_database():
    given = {"DATABASE_URL": "worker's", "DATABASE_WEB_URL": "web's", "DATABASE_OWNER_URL": "owner's"}
    assert holders("worker's", given) == ["worker", "doctor"]
    assert holders("web's", given) == ["web"]
    assert holders("owner's", given) == ["migrate"]
    assert holders("own", {"DATABASE_URL_FILE": "own"}) == ["web", "worker", "migrate", "doctor"]
    every = processes.processes() + processes.one_shots()
    assert [each.name for each in every if processes.environment(each)["DATABASE_ROLE"] == "web"] == ["web"]


def test_the_web_never_works_as_who_sees_all(tmp_path):
    env = {"PATH": os.environ["PATH"], "ENV_FILE": os.devnull, "STATE_DIR": str(tmp_path), "DATABASE_ROLE": "worker"}
    command = [sys.executable, "-c", "import portal.wsgi"]
    started = subprocess.run(command, cwd=settings.BASE_DIR, env=env, capture_output=True, text=True, check=False)
    assert "DATABASE_ROLE is worker: the web works as web alone." in started.stderr


def test_a_file_that_holds_the_credential_is_withheld_like_the_credential():
    given = {"ENTRA_CLIENT_SECRET_FILE": "monitor"} | SIGN_IN
    assert holders("monitor", given) == ["worker", "doctor"]


@pytest.mark.parametrize(
    "name", ["ENTRA_CLIENT_SECRET_NEXT", "ENTRA_CLIENT_SECRET_NEXT_FILE", "ENTRA_CERTIFICATE_NEXT"]
)
def test_the_next_credential_is_withheld_like_the_one_in_use(name):
    assert holders("next", {name: "next"} | SIGN_IN) == ["worker", "doctor"]


@pytest.mark.parametrize("unset", [{}, dict.fromkeys(SIGN_IN, "")])
def test_a_web_without_a_registration_of_its_own_holds_the_monitor_credential(unset):
    assert holders("monitor", MONITOR | unset) == ["web", "worker", "doctor"]


def test_a_shared_registration_is_warned_of_and_two_are_not(settings):
    settings.ENTRA_CLIENT_SECRET, settings.ENTRA_SIGNIN_CLIENT_ID = "secret", ""
    assert "docs/entra.md" in checks.warning()
    settings.ENTRA_SIGNIN_CLIENT_ID = "00000000-0000-4000-8000-000000000000"
    assert checks.warning() == ""


def test_every_start_warns_of_a_shared_registration(tmp_path):
    env = {
        "PATH": os.environ["PATH"],
        "ENV_FILE": os.devnull,
        "STATE_DIR": str(tmp_path),
        "ENTRA_CLIENT_SECRET": "canary",
    }
    command = [sys.executable, "-c", "import portal.wsgi"]
    started = subprocess.run(command, cwd=settings.BASE_DIR, env=env, capture_output=True, text=True, check=True)
    assert "WARNING portal.wsgi: ENTRA_SIGNIN_CLIENT_ID is not set" in started.stderr
    assert "canary" not in started.stderr


def test_run_with_a_name_becomes_that_process_without_what_it_must_not_hold(tmp_path):
    env = {
        "PATH": os.environ["PATH"],
        "ENV_FILE": os.devnull,
        "STATE_DIR": str(tmp_path),
        "REDIS_URL": "redis://127.0.0.1:1/0",
    }
    command = [sys.executable, "manage.py", "run", "beat"]
    with subprocess.Popen(
        command, cwd=settings.BASE_DIR, env=env | {"ENTRA_CLIENT_SECRET": "canary"}, stderr=subprocess.DEVNULL
    ) as started:
        process = psutil.Process(started.pid)
        while "celery" not in process.cmdline():
            assert started.poll() is None
        assert process.cmdline()[3:6] == ["-A", "portal.celery", "beat"]
        assert "canary" not in process.environ().values()
        started.kill()
