"""The doctor against a real PostgreSQL, a real Valkey and the simulated cloud: what is wrong is named, and nothing else."""

import hashlib
import os
import re
import socket
import ssl
import subprocess
import sys
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread
from urllib.parse import quote
from uuid import uuid4

import psycopg
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from django.conf import settings as project
from django.core.management import CommandError, call_command
from django.db import connection

from portal import doctor, servers
from portal.embedded import postgres, valkey
from tenants import cloud

GUID = "00000000-0000-4000-8000-000000000000"
# Of the same cloud as the database of the tests, and nobody answers there.
NOWHERE = "http://127.0.0.1:1"


@pytest.fixture
def installation(world, directory, settings):
    """A complete one; the simulated cloud has no directory of the provider's, so a customer's stands for it."""
    settings.ENTRA_HOME_TENANT_ID = directory.id
    return settings


def told(check):
    return [(finding.state, finding.text) for finding in check()]


def findings(subject, tenant=""):
    return [(found.state, found.text) for about, found in doctor.examine(tenant) if about == subject]


def problems(subject, tenant=""):
    return [text for state, text in findings(subject, tenant) if state == "problem"]


def manage(state, *arguments, **env):
    own = {"PATH": os.environ["PATH"], "ENV_FILE": os.devnull, "STATE_DIR": str(state)}
    command = [sys.executable, "manage.py", *arguments]
    return subprocess.run(command, cwd=project.BASE_DIR, env=own | env, capture_output=True, text=True, check=False)


def address(database, role="utkik_worker"):
    return f"postgres://{role}@/{database}?host={quote(str(postgres.socket_folder(project.STATE_DIR)))}"


def test_a_sound_installation_has_no_problem(installation, tenant, capsys):
    call_command("doctor")
    lines = capsys.readouterr().out.splitlines()
    assert {line.split()[0] for line in lines} == {"ok", "warning"}
    assert {line.split()[1] for line in lines} == {
        "settings",
        "callbacks",
        "database",
        "redis",
        "clock",
        "credential",
        "sign-in",
        "tenant",
    }
    text = "\n".join(lines)
    assert "as the role utkik_owner" in text
    assert "Row-level security stands around every table of customers, and binds the web." in text
    assert f"Halden Energi ({tenant.entra_id}): Entra grants SecurityAlert.Read" in text
    assert "It answered a request for an incident." in text
    assert installation.ENTRA_CLIENT_SECRET not in text


def test_everything_wrong_at_once_is_told_line_by_line(tmp_path):
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        port = closed.getsockname()[1]
        result = manage(
            tmp_path, "doctor", "--tenant", GUID, DEBUG="1", PUBLIC_URL="http://utkik.example",
            DATABASE_URL=f"postgres://utkik:canary@127.0.0.1:{port}/utkik", REDIS_URL=f"redis://:canary@127.0.0.1:{port}/0",
            MICROSOFT_CLOUD_URL=f"http://127.0.0.1:{port}", ENTRA_CLIENT_ID=GUID, ENTRA_HOME_TENANT_ID=GUID,
            ENTRA_CLIENT_SECRET=GUID,
        )  # fmt: skip
    wrong = [line.split()[1] for line in result.stdout.splitlines() if line.startswith("problem")]
    assert wrong == ["settings", "callbacks", "database", "redis", "clock", "credential", "credential", "tenant"]
    assert (result.returncode, result.stderr) == (1, "CommandError: 8 problems were found.\n")
    assert "canary" not in result.stdout


def test_a_tenant_that_is_no_guid_is_one_sentence():
    with pytest.raises(CommandError, match="is not a directory"):
        call_command("doctor", "--tenant", "halden.example")


@pytest.mark.parametrize(
    ("url", "state"),
    [
        ("https://utkik.example", "ok"),
        ("http://localhost:8000", "warning"),
        ("http://127.0.0.1:8000", "warning"),
        ("http://utkik.example", "problem"),
    ],
)
def test_the_addresses_that_microsoft_sends_people_back_to(settings, url, state):
    settings.PUBLIC_URL, settings.SECURE = url, url.startswith("https")
    first, *redirects = told(doctor.callbacks)
    assert first[0] == state
    assert redirects == [
        ("ok", f"Redirect URI of the sign-in registration: {url}/sign-in/callback"),
        ("ok", f"Redirect URI of the sign-in registration: {url}/connect/identity"),
        ("ok", f"Redirect URI of the monitor registration: {url}/connect/callback"),
    ]


@contextmanager
def dated(date):
    """Something that answers for login.microsoftonline.com, with this Date header."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response_only(404)
            if date:
                self.send_header("Date", date)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *arguments):
            pass

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


@pytest.mark.parametrize(
    ("ahead", "state", "words"),
    [
        (0, "ok", ""),
        (90, "warning", "ahead of"),
        (-90, "warning", "behind"),
        (400, "problem", "ahead of"),
        (-400, "problem", "behind"),
    ],
)
def test_a_clock_that_goes_wrong(settings, ahead, state, words):
    theirs = format_datetime(datetime.now(UTC) - timedelta(seconds=ahead), usegmt=True)
    with dated(theirs) as settings.MICROSOFT_CLOUD_URL:
        ((found, text),) = told(doctor.clock)
    assert (found, words in text) == (state, True)
    assert abs(int(re.search(r"\d+", text)[0]) - abs(ahead)) < 20


@pytest.mark.parametrize("date", ["", "yesterday"])
def test_an_answer_without_a_date_says_nothing_about_the_clock(settings, db, date):
    with dated(date) as settings.MICROSOFT_CLOUD_URL:
        assert problems("clock") == ["The answer of login.microsoftonline.com has no readable date."]


def test_a_database_whose_role_passes_over_row_level_security(db):
    url = address(connection.settings_dict["NAME"], "postgres")
    result = manage(project.STATE_DIR, "doctor", DATABASE_URL=url, MICROSOFT_CLOUD_URL=NOWHERE)
    assert "problem  database    The role postgres is a superuser" in result.stdout


def test_roles_of_the_database_that_may_do_another_one_s_work_are_refused(db):
    name = connection.settings_dict["NAME"]
    for role, words in (
        ("utkik_owner", "owns tables"),
        ("utkik_web", "This process works as utkik_worker, and the role"),
    ):
        result = manage(project.STATE_DIR, "doctor", DATABASE_URL=address(name, role), MICROSOFT_CLOUD_URL=NOWHERE)
        assert f"{words}" in result.stdout
        assert "docs/operations.md" in result.stdout


def test_a_table_without_its_wall_is_named(db):
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE incidents_alert NO FORCE ROW LEVEL SECURITY")
        cursor.execute("DROP POLICY web ON tenants_tenant")
    assert told(servers.roles) == [
        ("problem", "Without row-level security: incidents_alert, tenants_tenant. Run manage.py migrate.")
    ]


def test_an_empty_database_is_told_to_be_migrated(db):
    name = f"empty{uuid4().hex}"
    with psycopg.connect(postgres.dsn(project.STATE_DIR, "postgres", "postgres"), autocommit=True) as admin:
        admin.execute(f"CREATE DATABASE {name} OWNER utkik_owner")
        try:
            result = manage(project.STATE_DIR, "doctor", DATABASE_URL=address(name), MICROSOFT_CLOUD_URL=NOWHERE)
        finally:
            admin.execute(f"DROP DATABASE {name}")
    assert "problem  database    Migrations not applied: " in result.stdout
    assert "problem  tenant      It does not answer: relation" in result.stdout


def test_a_database_of_another_cloud_is_refused(db):
    url = address(connection.settings_dict["NAME"])
    result = manage(project.STATE_DIR, "doctor", DATABASE_URL=url, MICROSOFT_CLOUD_URL="http://127.0.0.2:1")
    assert "problem  database    This database was made for http://127.0.0.1 " in result.stdout


def test_a_database_that_is_too_old(db, monkeypatch):
    monkeypatch.setattr(servers, "OLDEST_POSTGRESQL", 99)
    assert told(servers.database)[0][0] == "problem"


def test_a_redis_that_throws_away_and_forgets(settings, tmp_path):
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [
        str(valkey.binary()),
        "--port",
        str(port),
        "--dir",
        str(tmp_path),
        "--maxmemory-policy",
        "allkeys-lru",
        "--save",
        "",
    ]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        while "Ready to accept connections" not in server.stdout.readline():
            assert server.poll() is None
        settings.REDIS_URL = f"redis://127.0.0.1:{port}/0"
        found = told(servers.redis)
        server.terminate()
    assert [state for state, _ in found] == ["ok", "problem", "warning"]
    assert "maxmemory-policy is allkeys-lru" in found[1][1]


def test_the_embedded_valkey_is_as_it_should_be(db):
    assert [state for state, _ in told(servers.redis)] == ["ok"]


@pytest.fixture(scope="module")
def key():
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


def pem(key, certified=None, *, begins=-1, ends=365, password=None):
    """A key and a certificate for it (or for another key), valid from and until so many days from now."""
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "utkik")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder().subject_name(name).issuer_name(name).serial_number(x509.random_serial_number())
        .public_key((certified or key).public_key())
        .not_valid_before(now + timedelta(days=begins)).not_valid_after(now + timedelta(days=ends, hours=1))
        .sign(certified or key, hashes.SHA256())
    )  # fmt: skip
    encryption = serialization.BestAvailableEncryption(password) if password else serialization.NoEncryption()
    private = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, encryption)
    return private.decode() + certificate.public_bytes(serialization.Encoding.PEM).decode()


@pytest.fixture
def credential(settings, tmp_path):
    """The finding about the certificate file with the text that is given."""

    def look(text):
        (tmp_path / "monitor.pem").write_text(text)
        settings.ENTRA_CLIENT_SECRET, settings.ENTRA_CERTIFICATE = "", str(tmp_path / "monitor.pem")
        settings.ENTRA_HOME_TENANT_ID = ""
        return findings("credential")

    return look


@pytest.mark.parametrize(
    ("days", "state", "words"),
    [
        ({}, "ok", "valid for 365 days"),
        ({"ends": 29}, "warning", "valid for 29 days"),
        ({"ends": 6}, "problem", "renew it today"),
        ({"begins": -9, "ends": -2}, "problem", "has expired on"),
        ({"begins": 2}, "problem", "valid only from"),
    ],
)
def test_how_long_the_certificate_is_valid(credential, key, db, days, state, words):
    ((found, text),) = credential(pem(key, **days))
    assert (found, words in text) == (state, True)


def test_a_certificate_is_named_as_the_entra_admin_center_names_it(credential, key, db):
    text = pem(key)
    der = ssl.PEM_cert_to_DER_cert(text[text.index("-----BEGIN CERTIFICATE-----") :].strip())
    assert hashlib.sha1(der).hexdigest().upper() in credential(text)[0][1]


def test_a_certificate_before_its_key_is_read_too(credential, key, db):
    begin = "-----BEGIN CERTIFICATE-----"
    private, _, certificate = pem(key).partition(begin)
    ((state, _),) = credential(begin + certificate + private)
    assert state == "ok"


def test_a_certificate_that_cannot_be_used(credential, key, db):
    other = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    assert "does not belong" in credential(pem(key, other))[0][1]
    assert "has a password" in credential(pem(key, password=b"canary"))[0][1]
    assert "cannot be read" in credential(pem(key).replace("M", "N"))[0][1]
    assert "must name a PEM file" in credential("nothing")[0][1]


def test_a_wrong_secret_is_our_problem_and_not_the_customers(installation, tenant):
    cloud.door.cache_clear()
    installation.ENTRA_CLIENT_SECRET = "wrong"
    assert "Entra does not accept our client secret (AADSTS7000215)." in problems("credential")


def test_the_id_of_a_secret_in_place_of_its_value(installation, tenant):
    installation.ENTRA_CLIENT_SECRET = GUID
    assert "looks like the secret's ID" in problems("credential")[0]


def test_two_credentials_or_none(installation, tenant):
    installation.ENTRA_CERTIFICATE = "/somewhere.pem"
    assert problems("credential") == ["Exactly one of ENTRA_CLIENT_SECRET and ENTRA_CERTIFICATE must be set."]
    installation.ENTRA_CERTIFICATE = installation.ENTRA_CLIENT_SECRET = ""
    assert problems("credential") == ["Exactly one of ENTRA_CLIENT_SECRET and ENTRA_CERTIFICATE must be set."]
    assert findings("tenant") == []


def test_a_role_that_a_consent_lacks_is_named(installation, tenant, directory):
    directory.roles = {"SecurityIncident.Read.All"}
    assert problems("tenant") == ["Its consent lacks SecurityAlert.Read.All: ask its administrator for consent again."]
    directory.roles = set()
    assert "grants no role." in findings("tenant")[0][1]
    assert len(problems("tenant")) == 2


def test_a_consent_that_was_taken_back_is_told(installation, tenant, directory, world):
    other = world.tenant("Mora Clinics")
    other.consented = False
    assert findings("tenant")[0][0] == "ok"
    assert "gives no consent, or no longer" in problems("tenant", other.id)[0]


def test_without_a_connected_directory_none_is_asked(installation, db):
    assert findings("tenant") == [
        ("warning", "No directory is connected yet, so none was asked; --tenant GUID names one.")
    ]


def test_a_sign_in_registration_is_tried_and_a_shared_one_is_warned_of(installation, world, db):
    assert findings("sign-in")[0][0] == "warning"
    assert "docs/entra.md" in findings("sign-in")[0][1]
    # The simulated cloud knows one application: under its id a wrong secret is refused, and the right one taken.
    installation.ENTRA_SIGNIN_CLIENT_ID = world.client_id
    installation.ENTRA_SIGNIN_CLIENT_SECRET = world.client_secret
    assert findings("sign-in") == [("ok", "Entra accepts the credential of the sign-in registration.")]
    installation.ENTRA_SIGNIN_CLIENT_SECRET = "wrong"
    assert "does not accept our client secret" in problems("sign-in")[0]
    installation.ENTRA_SIGNIN_CLIENT_ID = GUID
    assert findings("sign-in")[0][0] == "warning"
