"""The break-glass account: one, with a password and codes that are each good once, and never used unseen."""

import io
import logging
import re
import threading
from datetime import timedelta

import pytest
import time_machine
from django.core.management import CommandError, call_command
from django.db import IntegrityError, connection, transaction
from django.test import Client
from django.utils import timezone

from accounts import break_glass, totp
from accounts.models import BreakGlass, BreakGlassUse, User

pytestmark = pytest.mark.django_db

# RFC 6238, appendix B, for SHA-1.
VECTORS = [
    (59, "94287082"),
    (1111111109, "07081804"),
    (1111111111, "14050471"),
    (1234567890, "89005924"),
    (2000000000, "69279037"),
    (20000000000, "65353130"),
]


@pytest.mark.parametrize(("seconds", "code"), VECTORS)
def test_codes_are_those_of_the_rfc(seconds, code):
    key, step = b"12345678901234567890", seconds // totp.STEP_SECONDS
    assert totp.code(key, step, 8) == code
    assert totp.code(key, step) == code[2:]
    with time_machine.travel(seconds, tick=False):
        assert totp.step_of(key, code[2:]) == step


def test_the_step_before_and_the_one_after_are_good_and_no_other():
    key = totp.new_key()
    with time_machine.travel(1_800_000_000, tick=False):
        now = totp.step_now()
        good = [step - now for step in range(now - 5, now + 6) if totp.step_of(key, totp.code(key, step)) is not None]
    assert good == [-1, 0, 1]


@pytest.mark.parametrize("given", ["", "12345", "1234567", "١٢٣٤٥٦", "\x00", "a" * 5000])
def test_what_is_no_code_is_none(given):
    assert totp.step_of(totp.new_key(), given) is None


@pytest.fixture
def issued():
    return break_glass.issue("operator")


def came_in(client, issued, code, password=None):
    given = {"username": issued.username, "password": password or issued.password, "code": code}
    return client.post("/sign-in", given).status_code == 302


def now(issued):
    return totp.code(issued.key, totp.step_now())


def test_a_password_alone_lets_nobody_in(client, issued):
    for code in ("", "000000", totp.code(totp.new_key(), totp.step_now())):
        assert not came_in(client, issued, code)
    assert not came_in(client, issued, now(issued), "wrong")
    assert came_in(client, issued, now(issued))


def test_a_code_is_good_once_and_an_older_one_is_not_good_after_it(client, issued):
    with time_machine.travel(timezone.now(), tick=False):
        code, before = now(issued), totp.code(issued.key, totp.step_now() - 1)
        assert came_in(client, issued, f" {code[:3]} {code[3:]} ")
        assert not came_in(Client(), issued, code)
        assert not came_in(Client(), issued, before)
        assert came_in(Client(), issued, totp.code(issued.key, totp.step_now() + 1))


def test_a_recovery_code_is_good_once(client, issued):
    first, second, *_ = issued.recovery_codes
    assert came_in(client, issued, first)
    assert not came_in(Client(), issued, first)
    assert came_in(Client(), issued, second.upper().replace("-", " "))
    assert len(BreakGlass.objects.get().recovery) == break_glass.RECOVERY_CODES - 2


@pytest.mark.django_db(transaction=True)
def test_of_many_who_send_one_code_at_once_one_comes_in(issued):
    code, came = now(issued), []

    def send():
        came.append(came_in(Client(), issued, code))
        connection.close()

    threads = [threading.Thread(target=send) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(came) == [False, False, False, True]


def test_what_is_wrong_is_not_told(client, issued):
    given = [("operator", issued.password, "000000"), ("operator", "wrong", now(issued)), ("nobody", "wrong", "000000")]
    pages = [client.post("/sign-in", dict(zip(("username", "password", "code"), one, strict=True))) for one in given]
    alerts = {re.search(r'role="alert"[^>]*>([^<]+)<', page.content.decode())[1] for page in pages}
    assert alerts == {"The user name, the password or the code is wrong."}


def test_nothing_that_is_stored_lets_anybody_in(issued):
    row = BreakGlass.objects.get()
    stored = bytes(row.sealed_key) + str(row.recovery).encode() + User.objects.get().password.encode()
    for secret in (issued.key, totp.spelled(issued.key).encode(), issued.password.encode()):
        assert secret not in stored
    assert not any(
        code.encode() in stored or code.replace("-", "").encode() in stored for code in issued.recovery_codes
    )


def test_the_key_is_read_with_its_secret_key_and_for_its_account_only(client, issued, settings, caplog):
    glass = BreakGlass.objects.get()
    assert break_glass.opened(glass) == issued.key
    glass.user_id += 1
    assert break_glass.opened(glass) != issued.key
    settings.SECRET_KEY = "another"
    with caplog.at_level(logging.ERROR):
        assert not came_in(client, issued, now(issued))
    assert "make a new one with manage.py operator" in caplog.text


def test_there_is_one_at_most(client, issued):
    other = break_glass.issue("second")
    assert not came_in(client, issued, now(issued))
    assert not User.objects.get(username="operator").is_active
    assert came_in(client, other, now(other))
    with pytest.raises(IntegrityError), transaction.atomic():
        BreakGlass.objects.create(pk=2, user=User.objects.get(username="operator"), sealed_key=b"")


def test_no_other_account_comes_in_with_a_password(client, analyst, issued):
    given = {"username": "analyst", "password": "correct horse", "code": now(issued)}
    assert client.post("/sign-in", given).status_code == 200


def test_new_secrets_end_the_old_ones_and_the_open_sessions(client, issued):
    assert came_in(client, issued, now(issued))
    fresh = break_glass.issue("Operator")
    assert (fresh.username, User.objects.count()) == ("operator", 1)
    assert client.get("/settings").status_code == 302
    assert not came_in(Client(), issued, issued.recovery_codes[0])
    assert came_in(Client(), fresh, fresh.recovery_codes[0])


def noticed(client):
    return "The break-glass account was used" in client.get("/settings").content.decode()


@pytest.fixture
def administrator(db):
    ids = {"tid": "11111111-1111-4111-8111-111111111111", "oid": "22222222-2222-4222-8222-222222222222"}
    return User.objects.create_user("ines", name="Ines", role=User.Role.ADMINISTRATOR, **ids)


def test_every_administrator_is_told_of_a_use_until_one_takes_note(client, issued, administrator, caplog):
    own = Client(REMOTE_ADDR="192.0.2.7")
    with caplog.at_level(logging.ERROR):
        assert came_in(own, issued, now(issued))
    assert "The break-glass account operator was used from 192.0.2.7." in caplog.text
    client.force_login(administrator)
    page = client.get("/settings").content.decode()
    assert "The break-glass account was used" in page and "192.0.2.7" in page
    assert client.post("/break-glass/noted", {"next": "/settings"}).url == "/settings"
    assert not noticed(client) and not noticed(own)
    use = BreakGlassUse.objects.get()
    assert (use.acknowledged_by, use.acknowledged_at is not None) == ("Ines", True)


def test_the_account_cannot_take_note_of_its_own_use(client, issued):
    assert came_in(client, issued, now(issued))
    assert "Another administrator has to take note" in client.get("/settings").content.decode()
    client.post("/break-glass/noted")
    assert noticed(client)


@pytest.mark.parametrize("person", ["analyst", "stranger"])
def test_others_hear_nothing_and_take_note_of_nothing(client, issued, request, person):
    BreakGlassUse.objects.create(username="operator")
    client.force_login(request.getfixturevalue(person))
    assert not noticed(client)
    assert client.post("/break-glass/noted").status_code == 404
    assert BreakGlassUse.objects.get().acknowledged_at is None


def test_a_failed_try_is_no_use(client, issued):
    came_in(client, issued, "000000")
    assert not BreakGlassUse.objects.exists()


def test_the_command_prints_everything_once_and_draws_the_code(tmp_path, client):
    out, file = io.StringIO(), tmp_path / "key.svg"
    call_command("operator", "--qr", str(file), stdout=out)
    text = out.getvalue()
    key = re.search(r"Key: +([A-Z2-7]{32})\n", text)[1]
    password = re.search(r"Password: +(\S+)\n", text)[1]
    assert len(re.findall(r"\b(?:[a-z2-9]{4}-){3}[a-z2-9]{4}\b", text)) == break_glass.RECOVERY_CODES
    assert totp.spelled(break_glass.opened(BreakGlass.objects.get())) == key
    given = {"username": "operator", "password": password}
    code = totp.code(break_glass.opened(BreakGlass.objects.get()), totp.step_now())
    assert client.post("/sign-in", given | {"code": code}).status_code == 302
    assert file.read_text().startswith("<?xml") and file.stat().st_mode & 0o777 == 0o600
    with pytest.raises(CommandError, match="cannot be written"):
        call_command("operator", "--qr", str(file), stdout=out)


def test_the_address_of_the_key_is_what_apps_read():
    address = totp.address(b"12345678901234567890", "Utkik Northwatch & Co", "operator")
    assert address == (
        "otpauth://totp/Utkik%20Northwatch%20%26%20Co%3Aoperator"
        "?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&issuer=Utkik%20Northwatch%20%26%20Co"
    )


def test_a_key_lasts_through_a_day_of_codes(issued):
    user, began = User.objects.get(), timezone.now()
    for minute in range(0, 24 * 60, 120):
        with time_machine.travel(began + timedelta(minutes=minute), tick=False):
            assert break_glass.proves(user, now(issued))
