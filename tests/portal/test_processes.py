"""A group of processes: it ends together, only one runs in a folder, and what a killed starter left is found."""

import os
import signal
import socket
import subprocess
import sys

import psutil
import pytest
from django.conf import settings
from django.core.management import CommandError

from portal import processes
from portal.management.commands import run

STARTER = """
import os, sys
from pathlib import Path
from django.conf import settings
from portal import processes
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
    left = running(tmp_path)
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


def test_the_web_of_the_demo_does_not_get_the_secret_that_its_worker_gets():
    given = {"ENTRA_CLIENT_SECRET": "canary", "ENTRA_CLIENT_ID": "public", "DATABASE_URL": ""}
    holders = [
        process.name for process in processes.processes() if "canary" in processes.environment(process, given).values()
    ]
    assert holders == ["worker"]
