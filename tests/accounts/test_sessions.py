"""A session ends unused after eight hours and in any case after twelve, and leaves nothing behind."""

from datetime import UTC, datetime, timedelta
from urllib.parse import quote

import pytest
import time_machine
from django.contrib.sessions.models import Session
from django.db import connection
from django.test.utils import CaptureQueriesContext

from tests.walls.web import in_earnest

pytestmark = pytest.mark.django_db

BEGAN = datetime(2026, 11, 20, 8, 0, tzinfo=UTC)


@pytest.fixture
def clock():
    with time_machine.travel(BEGAN, tick=False) as travelling:
        yield travelling


@pytest.fixture
def signed_in(clock, client, operator, code):
    client.post("/sign-in", {"username": "operator", "password": "correct horse", "code": code()})


def test_an_unused_session_ends_after_eight_hours(signed_in, client, clock):
    clock.move_to(BEGAN + timedelta(hours=7, minutes=59))
    assert client.get("/settings").status_code == 200
    clock.move_to(BEGAN + timedelta(hours=11, minutes=59))
    assert client.get("/settings").status_code == 200


def test_one_second_more_is_too_long(signed_in, client, clock):
    key = client.cookies["utkik-session"].value
    clock.move_to(BEGAN + timedelta(hours=8, seconds=1))
    answer = client.get("/settings")
    assert (answer.status_code, answer.url) == (302, "/sign-in?next=/settings")
    assert not Session.objects.filter(session_key=key).exists()


def test_a_session_in_use_ends_after_twelve_hours(signed_in, client, clock):
    for hour in range(1, 13):
        clock.move_to(BEGAN + timedelta(hours=hour))
        assert client.get("/settings").status_code == 200
    clock.move_to(BEGAN + timedelta(hours=12, seconds=1))
    assert client.get("/settings").status_code == 302


def test_what_a_page_asks_by_itself_does_not_keep_a_session_alive(signed_in, client, clock):
    for hour in range(1, 9):
        clock.move_to(BEGAN + timedelta(hours=hour))
        assert client.get("/settings", headers={"HX-Request": "true"}).status_code == 200
    clock.move_to(BEGAN + timedelta(hours=8, seconds=1))
    assert client.get("/settings").status_code == 302


def test_reading_a_page_does_not_write_a_session(signed_in, client):
    client.get("/settings")
    with CaptureQueriesContext(connection) as queries:
        client.get("/settings")
    # The session, the person, the limit, the wall, the alarm of the sign-in and whose it was, and the number beside Tenants.
    assert len(in_earnest(queries)) == 7


def test_a_new_sign_in_begins_a_new_session(signed_in, client, clock, code):
    clock.move_to(BEGAN + timedelta(hours=7))
    client.post("/sign-out")
    client.post("/sign-in", {"username": "operator", "password": "correct horse", "code": code()})
    clock.move_to(BEGAN + timedelta(hours=14))
    assert client.get("/settings").status_code == 200


def test_htmx_is_sent_to_the_sign_in_page_as_a_whole(client):
    shown = "http://testserver/sync?x=1"
    headers = {"HX-Request": "true", "HX-Current-URL": shown}
    answer = client.get("/", headers=headers)
    assert (answer.status_code, answer.headers["HX-Redirect"]) == (200, f"/sign-in?next={quote(shown, safe='')}")
    for strange in ("http://evil.example/", "javascript:alert(1)", "http://[x", ""):
        answer = client.get("/", headers=headers | {"HX-Current-URL": strange})
        assert answer.headers["HX-Redirect"] == "/sign-in"


def test_signing_out_leaves_nothing(signed_in, client):
    key = client.cookies["utkik-session"].value
    answer = client.post("/sign-out")
    assert (answer.status_code, answer.url) == (302, "/signed-out")
    assert answer.headers["Clear-Site-Data"] == '"cache", "storage"'
    assert not Session.objects.filter(session_key=key).exists()
    page = client.get("/signed-out").content.decode()
    assert "/organizations/oauth2/v2.0/logout" in page
    assert client.get("/settings").status_code == 302


def test_signing_out_twice_is_no_error(client):
    assert client.post("/sign-out").status_code == 302
    assert client.get("/sign-out").status_code == 405


def test_pages_of_a_person_are_kept_by_no_cache(signed_in, client):
    assert client.get("/").headers["Cache-Control"] == "private, no-store"


def test_who_is_signed_in_is_not_asked_again(signed_in, client):
    assert client.get("/sign-in?next=/sync").url == "/sync"
    assert client.get("/sign-in?next=//evil.example").url == "/"
