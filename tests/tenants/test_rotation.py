"""The monitor credential is changed while directories are read: no read fails, and the old one is not used any more."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from django.core.exceptions import ImproperlyConfigured

from defender.errors import CredentialExpired, CredentialRejected, DefenderError
from portal import checks, doctor
from simulator.world import World
from tenants import cloud
from tests.tenants.certificates import pem, public

OLD, NEW = "the old secret", "the new secret"
READERS = 6


class Reads:
    """Reads of every directory at once, each with a token that Entra has to be asked for."""

    def __init__(self) -> None:
        self.made = 0
        self.failed: list[str] = []
        self.changed = threading.Condition()
        self.over = threading.Event()

    def go_on(self, entra_id: str) -> None:
        while not self.over.is_set():
            try:
                cloud.roles(entra_id)
                cloud.graph_of(entra_id).get("/security/incidents", top=1)
            except (DefenderError, ImproperlyConfigured) as error:
                self.failed.append(repr(error))
            with self.changed:
                self.made += 1
                self.changed.notify_all()

    def more(self) -> None:
        """Wait until every reader has begun anew and ended once."""
        with self.changed:
            wanted = self.made + 3 * READERS
            assert self.changed.wait_for(lambda: self.made >= wanted, timeout=120)


@contextmanager
def reads(world: World) -> Iterator[Reads]:
    reading = Reads()
    directories = [*world.tenants][:3] * (READERS // 3)
    threads = [threading.Thread(target=reading.go_on, args=(entra_id,)) for entra_id in directories]
    for thread in threads:
        thread.start()
    try:
        yield reading
    finally:
        reading.over.set()
        for thread in threads:
            thread.join()


@pytest.fixture
def registration(world: World, settings: Any) -> Any:
    """The monitor registration with the old secret, which we use."""
    for tenant in world.tenants.values():
        tenant.consented = True
    world.monitor.secret = settings.ENTRA_CLIENT_SECRET = OLD
    return world.monitor


def test_a_secret_is_changed_under_load_without_a_failed_read(world, registration, settings):
    with reads(world) as reading:
        reading.more()
        registration.next_secret = NEW
        settings.ENTRA_CLIENT_SECRET_NEXT = NEW
        reading.more()
        before = registration.attempts[OLD]
        registration.secret, registration.next_secret = NEW, None
        reading.more()
        assert registration.attempts[OLD] == before
        settings.ENTRA_CLIENT_SECRET, settings.ENTRA_CLIENT_SECRET_NEXT = NEW, ""
        reading.more()
    assert reading.failed == []
    assert registration.attempts[OLD] == before
    assert registration.attempts[NEW] > READERS
    print(f"rotation: {reading.made} reads, {len(reading.failed)} failed, 0 uses of the old secret after its removal")


def test_a_secret_that_is_registered_after_it_was_set_is_found_when_the_old_one_goes(world, registration, settings):
    settings.ENTRA_CLIENT_SECRET_NEXT = NEW
    with reads(world) as reading:
        reading.more()
        refused = registration.attempts[NEW]
        reading.more()
        assert registration.attempts[NEW] == refused, "One that was refused is not tried each time."
        registration.next_secret = NEW
        reading.more()
        registration.secret, registration.next_secret = NEW, None
        reading.more()
    assert reading.failed == []
    assert registration.attempts[NEW] > refused


def test_with_both_refused_the_fault_is_ours(world, registration, settings):
    settings.ENTRA_CLIENT_SECRET = settings.ENTRA_CLIENT_SECRET_NEXT = "neither"
    with pytest.raises(CredentialRejected) as caught:
        cloud.roles(next(iter(world.tenants)))
    assert caught.value.owner == "us"


def test_an_expired_credential_is_followed_by_the_other(world, registration, settings):
    entra_id = next(iter(world.tenants))
    world.faults.add("expired_secret", tenant=entra_id, path="/token")
    with pytest.raises(CredentialExpired):
        cloud.roles(entra_id)
    settings.ENTRA_CLIENT_SECRET_NEXT = registration.next_secret = NEW
    world.faults.add("expired_secret", tenant=entra_id, path="/token")
    assert cloud.roles(entra_id)


def test_a_certificate_is_changed_under_load_without_a_failed_read(world, registration, settings, tmp_path):
    old, new = pem("old"), pem("new")
    (tmp_path / "old.pem").write_text(old)
    (tmp_path / "new.pem").write_text(new)
    settings.ENTRA_CLIENT_SECRET, settings.ENTRA_CERTIFICATE = "", str(tmp_path / "old.pem")
    registration.certificate = public(old)
    with reads(world) as reading:
        reading.more()
        registration.next_certificate = public(new)
        settings.ENTRA_CERTIFICATE_NEXT = str(tmp_path / "new.pem")
        reading.more()
        registration.certificate, registration.next_certificate = public(new), None
        reading.more()
        settings.ENTRA_CERTIFICATE, settings.ENTRA_CERTIFICATE_NEXT = str(tmp_path / "new.pem"), ""
        reading.more()
        # Not before: a read that began with the former setting may still have to open it.
        (tmp_path / "old.pem").unlink()
        reading.more()
    assert reading.failed == []


def test_a_secret_is_followed_by_a_certificate(world, registration, settings, tmp_path):
    new = pem("new")
    (tmp_path / "new.pem").write_text(new)
    settings.ENTRA_CERTIFICATE_NEXT = str(tmp_path / "new.pem")
    entra_id = next(iter(world.tenants))
    assert cloud.roles(entra_id)
    registration.certificate, registration.secret = public(new), "gone"
    assert cloud.roles(entra_id)


def test_the_doctor_tells_which_of_two_entra_accepts(world, registration, settings, directory):
    settings.ENTRA_HOME_TENANT_ID = directory.id
    settings.ENTRA_CLIENT_SECRET_NEXT = NEW
    told = [(finding.state, finding.text) for finding in doctor.credential()]
    assert ("warning", "Entra does not accept ENTRA_CLIENT_SECRET_NEXT; the other one is used.") in told
    assert ("ok", "Entra accepts ENTRA_CLIENT_SECRET.") in told
    registration.next_secret = NEW
    assert ("ok", "Entra accepts ENTRA_CLIENT_SECRET_NEXT.") in [
        (finding.state, finding.text) for finding in doctor.credential()
    ]
    assert NEW not in str(told) and OLD not in str(told)


def test_two_next_credentials_are_one_too_many(settings):
    settings.ENTRA_CLIENT_SECRET, settings.ENTRA_CERTIFICATE = "a", ""
    settings.ENTRA_CLIENT_SECRET_NEXT, settings.ENTRA_CERTIFICATE_NEXT = "b", "/c.pem"
    assert "only one may be" in checks.credential_problem()
    settings.ENTRA_CLIENT_SECRET_NEXT = ""
    assert "ENTRA_CERTIFICATE_NEXT names a file that cannot be read" in checks.credential_problem()
