"""A worker tells the web how long the monitor credential lasts; the web has none to look at."""

import logging

import pytest

from tenants import credentials, tasks
from tenants.models import CredentialStatus
from tests.tenants.certificates import pem

pytestmark = pytest.mark.django_db


@pytest.fixture
def certified(settings, tmp_path):
    """Use a certificate that ends after so many days."""

    def use(days, name="ENTRA_CERTIFICATE"):
        (tmp_path / name).write_text(pem(days=days + 0.5))
        setattr(settings, name, str(tmp_path / name))

    settings.ENTRA_CLIENT_SECRET = ""
    return use


def shown(client, operator):
    client.force_login(operator)
    return " ".join(client.get("/sync").content.decode().split())


@pytest.mark.parametrize(
    ("days", "level", "words"),
    [
        (90, "", "it expires in 90 days"),
        (30, "", "it expires in 30 days"),
        (29, "warn", "it expires in 29 days"),
        (7, "warn", "it expires in 7 days"),
        (6, "err", "it expires in 6 days"),
        (1, "err", "it expires in 1 day,"),
        (-2, "err", "it expired on"),
    ],
)
def test_the_sync_page_counts_the_days_of_the_certificate(certified, client, operator, days, level, words):
    certified(days)
    tasks.look_at_credentials()
    found = CredentialStatus.objects.get()
    assert (found.level, len(found.fingerprint)) == (level, 8)
    page = shown(client, operator)
    assert words in page and found.fingerprint in page
    assert ("Make a new one" in page) is bool(level)


def test_of_a_secret_only_entra_knows_the_end(settings, client, operator):
    settings.ENTRA_CLIENT_SECRET = "c4n4ry-secret"
    credentials.look()
    assert "only the Entra admin center tells when it expires" in shown(client, operator)
    assert "c4n4ry" not in str(CredentialStatus.objects.values().get())


def test_both_are_told_of_while_it_is_changed_and_one_afterwards(certified, settings, client, operator):
    certified(5)
    certified(90, "ENTRA_CERTIFICATE_NEXT")
    credentials.look()
    page = shown(client, operator)
    assert "it expires in 5 days" in page and "it expires in 90 days" in page
    settings.ENTRA_CERTIFICATE, settings.ENTRA_CERTIFICATE_NEXT = settings.ENTRA_CERTIFICATE_NEXT, ""
    credentials.look()
    assert CredentialStatus.objects.get().days_left == 90


def test_a_file_that_cannot_be_used_is_told(certified, settings, client, operator):
    certified(90)
    settings.ENTRA_CERTIFICATE = "/nowhere.pem"
    credentials.look()
    assert "ENTRA_CERTIFICATE names a file that cannot be read" in shown(client, operator)


def test_a_process_without_a_credential_says_nothing(certified, settings):
    certified(90)
    credentials.look()
    settings.ENTRA_CERTIFICATE = ""
    credentials.look()
    assert CredentialStatus.objects.count() == 1


def test_the_log_is_warned_once_for_each_step(certified, caplog):
    with caplog.at_level(logging.WARNING):
        for days in (40, 20, 20, 3, 3):
            certified(days)
            credentials.look()
    assert [record.getMessage() for record in caplog.records] == [
        "ENTRA_CERTIFICATE: it expires in 20 days.",
        "ENTRA_CERTIFICATE: it expires in 3 days.",
    ]


@pytest.mark.parametrize("person", ["analyst", "stranger"])
def test_others_see_nothing_of_it(certified, client, request, person):
    certified(3)
    credentials.look()
    client.force_login(request.getfixturevalue(person))
    assert client.get("/sync").status_code == 404
