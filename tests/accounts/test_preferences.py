"""Time zone, language and theme belong to the person; what is not chosen is as the browser has it."""

from datetime import UTC, datetime

import pytest
import time_machine
from django.http import HttpResponse
from django.utils import timezone, translation

from accounts.middleware import Preferences
from incidents.templatetags import ui

pytestmark = pytest.mark.django_db


@pytest.fixture
def signed_in(client, operator):
    client.force_login(operator)
    return client


def save(client, **chosen: str):
    return client.post("/settings", {"time_zone": "", "language": "", "theme": "system"} | chosen)


def test_preferences_are_kept_with_the_person(signed_in, operator, stranger):
    answer = save(signed_in, time_zone=" Europe/Stockholm ", language="en", theme="dark")
    assert "Saved." in signed_in.get(answer.url).content.decode()
    operator.refresh_from_db()
    assert (operator.time_zone, operator.language, operator.theme) == ("Europe/Stockholm", "en", "dark")
    page = signed_in.get("/settings").content.decode()
    assert 'value="Europe/Stockholm" maxlength' in page and 'data-theme="dark"' in page
    stranger.refresh_from_db()
    assert stranger.time_zone == ""


@pytest.mark.parametrize(
    "chosen",
    [
        {"time_zone": "Mars/Olympus"}, {"time_zone": "../../etc/passwd"}, {"time_zone": "localtime"},
        {"time_zone": "x" * 65}, {"time_zone": "a\0b"}, {"language": "xx"}, {"theme": "pink"},
    ],
)  # fmt: skip
def test_nonsense_is_refused_and_loses_nothing(signed_in, operator, chosen):
    save(signed_in, time_zone="Europe/Stockholm", theme="dark")
    answer = save(signed_in, **chosen)
    assert answer.status_code == 200
    assert "Saved." not in answer.content.decode()
    operator.refresh_from_db()
    assert (operator.time_zone, operator.theme) == ("Europe/Stockholm", "dark")


def test_a_role_cannot_be_chosen(client, analyst):
    client.force_login(analyst)
    save(client, role="administrator", is_active="", username="operator")
    analyst.refresh_from_db()
    assert (analyst.role, analyst.is_active, analyst.username) == ("analyst", True, "analyst")


def test_preferences_are_for_people(client):
    assert client.get("/settings").url == "/sign-in?next=/settings"


@pytest.mark.parametrize(
    ("chosen", "cookie", "zone"),
    [
        ("", "", "UTC"), ("Europe/Stockholm", "", "Europe/Stockholm"), ("", "Asia%2FKolkata", "Asia/Kolkata"),
        ("Europe/Stockholm", "Asia/Kolkata", "Europe/Stockholm"), ("", "Mars/Olympus", "UTC"),
        ("", "../../etc/passwd", "UTC"), ("", "%00%ff", "UTC"), ("Gone/Zone", "", "UTC"),
    ],
)  # fmt: skip
def test_the_zone_is_the_persons_or_else_the_browsers(rf, analyst, chosen, cookie, zone):
    analyst.time_zone = chosen
    request = rf.get("/")
    request.user, request.COOKIES["utkik-zone"] = analyst, cookie
    answer = Preferences(lambda _: HttpResponse(timezone.get_current_timezone_name()))(request)
    assert answer.content.decode() == zone
    assert timezone.get_current_timezone_name() == "UTC"


def test_the_language_is_the_persons_when_there_is_such_a_one(rf, analyst, settings):
    settings.LANGUAGES = [("en", "English"), ("sv", "Svenska")]
    seen = []
    for analyst.language in ("sv", "xx", ""):
        request = rf.get("/")
        request.user = analyst
        Preferences(lambda _: HttpResponse(seen.append(translation.get_language()) or ""))(request)
    assert seen == ["sv", "en", "en"]


AT = datetime(2026, 11, 20, 23, 28, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("zone", "full", "short", "title"),
    [
        ("UTC", "20 Nov 2026, 23:28 UTC", "20 Nov", "Fri 20 Nov 2026, 23:28:12 UTC"),
        ("Europe/Stockholm", "21 Nov 2026, 00:28 CET", "21 Nov",
         "Sat 21 Nov 2026, 00:28:12 CET · Fri 20 Nov 2026, 23:28:12 UTC"),
        ("Asia/Kolkata", "21 Nov 2026, 04:58 IST", "21 Nov",
         "Sat 21 Nov 2026, 04:58:12 IST · Fri 20 Nov 2026, 23:28:12 UTC"),
    ],
)  # fmt: skip
@time_machine.travel(datetime(2026, 11, 25, tzinfo=UTC), tick=False)
def test_a_time_is_shown_here_and_in_utc(zone, full, short, title):
    with timezone.override(zone):
        for mode, text in (("full", full), ("short", short)):
            assert ui.when(AT, mode) == f'<time datetime="2026-11-20T23:28:12Z" title="{title}">{text}</time>'


def test_a_simulated_cloud_lists_its_people(client, settings, people, entra):
    person = {"name": "Astrid <b>", "username": "astrid+soc@northwatch.example", "title": "Analyst", "role": "analyst"}
    people([person, "nonsense", {"name": "Vera"}])
    page = client.get("/sign-in?next=/sync").content.decode()
    assert "Astrid &lt;b&gt;" in page
    assert "login_hint=astrid%2Bsoc%40northwatch.example&amp;next=%2Fsync" in page
    settings.MICROSOFT_CLOUD_URL = ""
    assert "Astrid" not in client.get("/sign-in").content.decode()


@pytest.mark.parametrize("text", ["", "{", "7", "{}", "[[]]"])
def test_people_that_cannot_be_read_are_nobody(client, people, entra, text):
    people(text)
    assert client.get("/sign-in").context["people"] == []
