"""The local operator signs in; nobody else is told anything."""

import pytest

from accounts.models import User

pytestmark = pytest.mark.django_db


def test_the_operator_signs_in_and_out(client, operator, code):
    answer = client.post(
        "/sign-in", {"username": "operator", "password": "correct horse", "code": code(), "next": "/sync"}
    )
    assert (answer.status_code, answer.url) == (302, "/sync")
    assert client.get("/").status_code == 200
    assert client.get("/sign-out").status_code == 405
    client.post("/sign-out")
    assert client.get("/").status_code == 302


@pytest.mark.parametrize("target", ["https://evil.example/", "//evil.example", "javascript:alert(1)"])
def test_signing_in_never_leads_elsewhere(client, operator, code, target):
    answer = client.post(
        "/sign-in", {"username": "operator", "password": "correct horse", "code": code(), "next": target}
    )
    assert answer.url == "/"


def test_a_wrong_password_and_an_unknown_name_look_alike(client, operator, code):
    pages = [
        client.post("/sign-in", {"username": name, "password": "wrong", "code": code()})
        for name in ("operator", "nobody")
    ]
    assert {page.status_code for page in pages} == {200}
    assert all('role="alert"' in page.content.decode() for page in pages)


def test_the_theme_is_kept_with_the_person(client, operator):
    client.force_login(operator)
    client.post("/theme", {"theme": "dark"})
    assert 'data-theme="dark"' in client.get("/").content.decode()
    client.post("/theme", {"theme": "nonsense"})
    assert User.objects.get().theme == "dark"


def test_every_answer_carries_the_strict_policy(client):
    policy = client.get("/sign-in").headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert "frame-ancestors 'none'" in policy


def test_pages_say_that_the_cloud_is_simulated(client, settings):
    assert "Simulated cloud" in client.get("/sign-in").content.decode()
    settings.MICROSOFT_CLOUD_URL = ""
    assert "Simulated cloud" not in client.get("/sign-in").content.decode()
