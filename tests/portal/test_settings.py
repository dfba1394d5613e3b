"""Settings: with none at all commands work, and a wrong one is one sentence."""

import os
import subprocess
import sys

import pytest
from django.conf import settings
from django.db import connection

from portal import processes


def manage(tmp_path, *arguments, **env):
    own = {"PATH": os.environ["PATH"], "ENV_FILE": os.devnull, "STATE_DIR": str(tmp_path)}
    return subprocess.run(
        [sys.executable, "manage.py", *arguments],
        cwd=settings.BASE_DIR,
        env=own | env,
        capture_output=True,
        text=True,
        check=False,
    )


def test_without_any_setting_a_command_works_and_starts_no_server(tmp_path):
    assert manage(tmp_path, "help").returncode == 0
    assert sorted(path.name for path in tmp_path.iterdir()) == ["secret-key"]
    assert (tmp_path / "secret-key").stat().st_mode & 0o777 == 0o600


def test_the_secret_key_is_made_once(tmp_path):
    manage(tmp_path, "help")
    first = (tmp_path / "secret-key").read_text()
    manage(tmp_path, "help")
    assert (tmp_path / "secret-key").read_text() == first
    assert len(first) > 50


@pytest.mark.parametrize(
    ("env", "named"),
    [
        ({"PUBLIC_URL": "nonsense"}, "PUBLIC_URL"),
        ({"ENTRA_CLIENT_ID": "12"}, "ENTRA_CLIENT_ID"),
        ({"PUBLIC_URL": "http://localhost:port"}, "PUBLIC_URL"),
        ({"PUBLIC_URL": "https://utkik.example/path"}, "PUBLIC_URL"),
        ({"DATABASE_URL": "mysql://x"}, "DATABASE_URL"),
        ({"DATABASE_URL": "postgres://[x"}, "DATABASE_URL"),
        ({"REDIS_URL": "http://x"}, "REDIS_URL"),
        ({"MICROSOFT_CLOUD_URL": "http://localhost:1", "PUBLIC_URL": "https://utkik.example"}, "MICROSOFT_CLOUD_URL"),
    ],
)
def test_a_malformed_setting_is_one_sentence(tmp_path, env, named):
    result = manage(tmp_path, "check", **env)
    assert result.returncode == 1
    assert named in result.stderr
    assert result.stderr.count("\n") == 1


def test_an_address_with_a_password_is_not_repeated(tmp_path):
    result = manage(tmp_path, "check", DATABASE_URL="postgres://utkik:can/ary@host/utkik")
    assert result.stderr == "utkik: DATABASE_URL is not a well-formed address.\n"


def test_an_empty_setting_is_an_unset_one(tmp_path):
    names = ("PUBLIC_URL", "DATABASE_URL", "REDIS_URL", "SECRET_KEY", "ENTRA_CLIENT_ID", "MICROSOFT_CLOUD_URL", "DEBUG")
    result = manage(tmp_path, "diffsettings", **dict.fromkeys(names, ""))
    assert "PUBLIC_URL = 'http://localhost:8000'" in result.stdout
    assert "DEBUG = True" not in result.stdout


@pytest.mark.parametrize(
    ("env", "named"),
    [
        ({}, "ENTRA_CLIENT_ID is not set"),
        ({"ENTRA_CLIENT_ID": "0" * 8 + "-0000-4000-8000-" + "0" * 12}, "ENTRA_HOME_TENANT_ID is not set"),
    ],
)
def test_run_names_the_first_missing_setting(tmp_path, env, named):
    result = manage(tmp_path, "run", **env)
    assert result.returncode == 1
    assert named in result.stderr
    assert "Traceback" not in result.stderr


def test_only_the_worker_holds_the_credential(settings):
    settings.ENVIRONMENT = {"ENTRA_CLIENT_SECRET": "canary", "ENTRA_CERTIFICATE": "canary", "ENTRA_CLIENT_ID": "public"}
    for process in processes.processes():
        env = processes.environment(process)
        assert ("canary" in env.values()) is (process.name == "worker")
        assert env["ENTRA_CLIENT_ID"] == "public"
        assert env["ENV_FILE"] == os.devnull


@pytest.mark.django_db
def test_a_database_of_another_cloud_is_refused(tmp_path):
    result = manage(
        settings.STATE_DIR,
        "shell",
        "-c",
        f"from django.db import connection as c; c.settings_dict['NAME'] = '{connection.settings_dict['NAME']}'; c.cursor()",
    )
    assert "was made for http://127.0.0.1" in result.stderr.splitlines()[-1]


def test_locked_requirements_have_hashes_and_no_address():
    for name in ("base", "dev"):
        text = (settings.BASE_DIR / "requirements" / f"{name}.txt").read_text()
        pins = [line for line in text.splitlines() if line and not line.startswith((" ", "#"))]
        assert len(pins) > 20
        assert all("==" in line and line.endswith("\\") for line in pins)
        assert "://" not in text
        assert "index" not in text


def test_the_service_is_alive_when_the_database_answers(client, db):
    assert client.get("/healthz").content == b"ok\n"
