"""No secret reaches a log: not in a message, not in a traceback, whoever writes it and at whatever level."""

import io
import logging
import subprocess
import sys

import pytest
from django.conf import settings as project
from django.test import RequestFactory
from django.views.debug import ExceptionReporter

from portal import redaction
from tenants import cloud

CANARY = "c4n4ry-of-the-credential"
TOKEN = "eyJ0eXAiOiJKV1QiLCJhbGciOiJSUzI1NiJ9.eyJ0aWQiOiIxMSJ9.c2lnbmF0dXJl"
KEY = "-----BEGIN PRIVATE KEY-----\nMIIEvQIBADANBgkqhkiG9w0BAQ\n-----END PRIVATE KEY-----"


@pytest.mark.parametrize(
    ("text", "secret"),
    [
        (f"GET /v1.0 Authorization: Bearer {TOKEN}", TOKEN[:30]),
        ("Authorization: Bearer opaque-token-12345", "opaque-token"),
        ("Authorization: Basic dXNlcjpwYXNz", "dXNlcjpwYXNz"),
        (f"it answered {TOKEN}", "eyJ0aWQi"),
        ("/sign-in/callback?code=0.AXYZ-abc&state=s3cret&x=1", "0.AXYZ"),
        ("/sign-in/callback?code=0.AXYZ-abc&state=s3cret&x=1", "s3cret"),
        ("POST id_token=abc.def", "abc.def"),
        ("client_id=1&client_secret=hush%7Ehush", "hush"),
        ("client_assertion_type=jwt&client_assertion=signed-thing", "signed-thing"),
        ('{"access_token": "opaque", "expires_in": 1}', "opaque"),
        ("{'client_secret': 'it\\'s hushed'}", "hushed"),
        ("[(b'Authorization', b'opaque-value')]", "opaque-value"),
        ("Cookie: utkik-session=abcdef; utkik-csrf=ghijkl", "abcdef"),
        ("Cookie: utkik-session=abcdef; utkik-csrf=ghijkl", "ghijkl"),
        ("Not Found: /connect/7.Zm9vYmFy-token/continue", "Zm9vYmFy"),
        ("postgres://utkik:hush@host/utkik", "hush"),
        ("redis://:hush@host:6379/0", "hush"),
        (f"the file holds {KEY} and more", "MIIEvQ"),
    ],
)
def test_what_looks_like_a_secret_is_taken_out(text, secret):
    assert secret in text
    cleared = redaction.Redaction()(text)
    assert secret not in cleared
    assert redaction.REDACTED in cleared


@pytest.mark.parametrize(
    "text",
    [
        "The directory gives no consent, or no longer (AADSTS7000229).",
        "Not Found: /incidents/0f6e1c1e-0000-4000-8000-000000000000",
        "/connect/identity and /connect/callback",
        "A turn at Halden Energi (incidents) ended without a word",
        "sync@halden.example opened https://utkik.example/settings",
    ],
)
def test_what_is_no_secret_stays(text):
    assert redaction.Redaction()(text) == text


def test_the_secrets_of_the_installation_are_known_in_each_spelling():
    clear = redaction.Redaction(["p@ss/word", "", "abc"])
    assert clear("a p@ss/word, or p%40ss%2Fword, abc") == "a [redacted], or [redacted], abc"


def test_every_secret_setting_is_known(settings):
    settings.ENTRA_CLIENT_SECRET, settings.ENTRA_CLIENT_SECRET_NEXT = "monitor-1", "monitor-2"
    settings.ENTRA_SIGNIN_CLIENT_SECRET, settings.REDIS_URL = "sign-in-1", "redis://:broker-1@host/0"
    known = set(redaction.secrets())
    assert {"monitor-1", "monitor-2", "sign-in-1", "broker-1", settings.SECRET_KEY} <= known


@pytest.fixture
def log():
    """What a handler of a library's own writes, with a formatter of its own, at every level."""
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    root, level = logging.getLogger(), logging.getLogger().level
    quiet = {name: logging.getLogger(name).level for name in ("httpx", "httpcore", "msal", "urllib3")}
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    for name in quiet:
        logging.getLogger(name).setLevel(logging.DEBUG)
    yield stream
    root.removeHandler(handler)
    root.setLevel(level)
    for name, kept in quiet.items():
        logging.getLogger(name).setLevel(kept)


def test_a_library_that_logs_everything_logs_no_secret(log, world, directory, settings):
    world.monitor.secret = settings.ENTRA_CLIENT_SECRET = CANARY
    assert cloud.roles(directory.id)
    cloud.graph_of(directory.id).get("/security/incidents", top=1)
    token = cloud.door(settings.MICROSOFT_CLOUD_URL, *cloud.credentials())[1].token(directory.id).value
    text = log.getvalue()
    # Else nothing would be shown by it.
    assert "oauth2/v2.0/token" in text and "send_request_headers" in text
    assert CANARY not in text and token not in text and token.split(".")[2] not in text
    print(f"redaction: {text.count(chr(10))} lines of libraries at DEBUG, 0 with the credential or a token")


def test_a_traceback_and_a_stack_are_cleared_too(log):
    try:
        raise ValueError(f"{TOKEN} of https://utkik:hush@host/")
    except ValueError:
        logging.getLogger("any").exception("It failed for %s", {"client_secret": CANARY}, stack_info=True)
    text = log.getvalue()
    assert "Traceback" in text and "Stack (most recent call last)" in text
    assert TOKEN not in text and "hush" not in text and CANARY not in text


def test_what_nobody_catches_is_cleared_in_the_main_thread_and_in_another():
    code = (
        "import django, threading; django.setup()\n"
        f"def fail(): raise ValueError('Bearer {TOKEN}')\n"
        "thread = threading.Thread(target=fail); thread.start(); thread.join(); fail()"
    )
    env = {"DJANGO_SETTINGS_MODULE": "tests.settings", "PATH": "/usr/bin:/bin"}
    ended = subprocess.run(
        [sys.executable, "-c", code], cwd=project.BASE_DIR, env=env, capture_output=True, text=True, check=False
    )
    assert ended.returncode == 1
    assert ended.stderr.count("ValueError: Bearer [redacted]") == 2
    assert TOKEN not in ended.stderr


def test_every_record_of_this_process_is_made_so():
    assert logging.getLogRecordFactory() is redaction.Record


def failed(secret):
    raise RuntimeError("It broke.")


def test_django_s_own_page_of_an_error_shows_no_variable_and_no_setting(settings):
    settings.DEBUG, settings.ENTRA_CERTIFICATE = True, CANARY
    settings.ENVIRONMENT = {"SECRET": CANARY}
    try:
        failed(CANARY + "")
    except RuntimeError:
        page = ExceptionReporter(RequestFactory().get("/"), *sys.exc_info()).get_traceback_html()
    assert "It broke." in page and "ENTRA_CERTIFICATE" in page
    assert page.count(CANARY) == 0
