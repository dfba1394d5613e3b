"""Settings: with none at all commands work, and a wrong one is one sentence."""

import os
import subprocess
import sys
from datetime import timedelta

import pytest
from django.conf import settings
from django.db import connection
from django.utils import timezone

from incidents import leases
from incidents.models import SyncState
from portal import processes
from tenants import connecting

GUID = "00000000-0000-4000-8000-000000000000"


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
        ({"DATABASE_OWNER_URL": "mysql://x"}, "DATABASE_OWNER_URL"),
        ({"DATABASE_ROLE": "owner"}, "DATABASE_ROLE"),
        ({"REDIS_URL": "http://x"}, "REDIS_URL"),
        ({"DEBUG": "1", "PUBLIC_URL": "https://utkik.example"}, "DEBUG"),
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


@pytest.mark.parametrize("name", ["web", "worker"])
def test_run_of_one_process_names_the_first_missing_setting(tmp_path, name):
    result = manage(tmp_path, "run", name)
    assert (result.returncode, result.stderr) == (
        1,
        "CommandError: ENTRA_CLIENT_ID is not set; .env.example explains it.\n",
    )


def test_a_process_needs_no_file_of_settings(settings):
    settings.ENVIRONMENT = {"ENTRA_CLIENT_ID": "public"}
    env = processes.environment(processes.processes()[0])
    assert env["ENTRA_CLIENT_ID"] == "public"
    assert env["ENV_FILE"] == os.devnull


NAMED_IN_FILES = [
    "SECRET_KEY",
    "DATABASE_URL",
    "ENTRA_CLIENT_SECRET",
    "ENTRA_CLIENT_SECRET_NEXT",
    "ENTRA_SIGNIN_CLIENT_SECRET",
]


@pytest.mark.parametrize("name", NAMED_IN_FILES)
def test_a_secret_may_be_given_as_a_file(tmp_path, name):
    value = "postgres://utkik:pass@host/utkik" if name == "DATABASE_URL" else "from a file"
    file = tmp_path / "secret"
    file.write_text(f"{value}\n")
    env = {f"{name}_FILE": str(file), "ENTRA_SIGNIN_CLIENT_ID": GUID if "SIGNIN" in name else ""}
    code = f"from django.conf import settings; print(settings.{name})"
    assert manage(tmp_path / "state", "shell", "-v0", "-c", code, **env).stdout == f"{value}\n"
    assert {name, f"{name}_FILE"} <= set(settings.NAMES + settings.FILES)


@pytest.mark.parametrize("name", NAMED_IN_FILES)
def test_a_secret_given_twice_or_in_no_file_is_one_sentence(tmp_path, name):
    missing = manage(tmp_path, "check", **{f"{name}_FILE": "/nowhere"})
    assert missing.stderr == f"utkik: {name}_FILE names a file that cannot be read: /nowhere\n"
    twice = manage(tmp_path, "check", **{f"{name}_FILE": "/nowhere", name: "canary"})
    assert twice.stderr == f"utkik: {name} and {name}_FILE are both set: only one may be.\n"


def test_a_secret_key_that_cannot_be_kept_is_one_sentence(tmp_path):
    (tmp_path / "file").touch()
    result = manage(tmp_path / "file" / "state", "check")
    assert result.stderr.startswith("utkik: SECRET_KEY is not set, and none can be kept in ")
    assert result.stderr.count("\n") == 1


def test_an_installation_behind_https_passes_django_s_deployment_checks(tmp_path):
    result = manage(tmp_path, "check", "--deploy", "--fail-level", "WARNING", PUBLIC_URL="https://utkik.example")
    assert (result.returncode, result.stderr) == (0, "")


@pytest.mark.django_db
def test_a_query_of_the_web_has_an_end_and_one_of_a_command_has_none():
    name = connection.settings_dict["NAME"]
    code = (
        "{}from django.db import connection as c; c.settings_dict['NAME'] = {!r}; k = c.cursor(); "
        "print([k.execute('SHOW ' + n).fetchone()[0] for n in ('statement_timeout', 'lock_timeout')])"
    )
    env = {"MICROSOFT_CLOUD_URL": "http://127.0.0.1"}
    web, command = (
        manage(settings.STATE_DIR, "shell", "-v0", "-c", code.format(first, name), **env, DATABASE_ROLE=role)
        for role, first in (("web", "import portal.wsgi; "), ("worker", ""))
    )
    assert (web.stdout, command.stdout) == ("['15s', '5s']\n", "['0', '0']\n")


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


def test_the_service_is_not_alive_when_nobody_reads_what_is_due(client, tenant, settings):
    leases.ensure_states(tenant)
    settings.SYNC_INTERVAL_SECONDS = 30
    SyncState.objects.update(due_at=timezone.now() - timedelta(seconds=59))
    assert client.get("/healthz").status_code == 200
    SyncState.objects.update(due_at=timezone.now() - timedelta(seconds=61))
    answer = client.get("/healthz")
    assert (answer.status_code, answer.content) == (503, b"sync\n")
    assert client.get("/healthz/web").content == b"ok\n"
    SyncState.objects.filter(stream="incidents").update(claimed_at=timezone.now())
    assert client.get("/healthz").content == b"ok\n"


@pytest.mark.parametrize("field", ["parked_until", "tenant__state"])
def test_what_has_to_wait_is_no_sign_of_death(client, tenant, field):
    leases.ensure_states(tenant)
    SyncState.objects.update(due_at=timezone.now() - timedelta(hours=1))
    if field == "parked_until":
        SyncState.objects.update(parked_until=timezone.now() + timedelta(minutes=5))
    else:
        connecting.disconnect(tenant.entra_id)
    assert client.get("/healthz").content == b"ok\n"


def test_health_is_told_to_who_asks_by_address_and_without_https(client, db, settings):
    settings.SECURE_SSL_REDIRECT, settings.ALLOWED_HOSTS = True, ["utkik.example"]
    assert client.get("/healthz", headers={"host": "10.0.0.7:8000"}).status_code == 200
    assert client.get("/sign-in", headers={"host": "utkik.example"}).status_code == 301
    assert client.post("/healthz", headers={"host": "utkik.example"}, secure=True).status_code in (403, 404)


def test_the_service_is_not_alive_without_a_database(tmp_path):
    code = (
        "from portal import health; answer = health.answer(with_engine=True); print(answer.status_code, answer.content)"
    )
    result = manage(tmp_path, "shell", "-v0", "-c", code, DATABASE_URL="postgres://utkik@127.0.0.1:1/utkik")
    assert result.stdout == "503 b'database\\n'\n"
