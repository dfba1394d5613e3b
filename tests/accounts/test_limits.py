"""Limits: a guesser waits, a person who asks too often waits, and nobody else does."""

import logging
from urllib.parse import urlencode

import pytest
from django.contrib.auth.hashers import MD5PasswordHasher
from django.db import OperationalError, connection
from django.http import HttpResponse
from django.test import Client, RequestFactory
from django.urls import path

from accounts import break_glass, limits, totp
from accounts.models import Allowance, BreakGlassUse
from portal.urls import urlpatterns as pages

pytestmark = pytest.mark.django_db


@limits.limited(limits.EXPORTS)
def export(request):
    return HttpResponse("rows")


def slow(request):
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_sleep(30)")


def broken(request):
    raise OperationalError("the server closed the connection")


def upload(request):
    return HttpResponse(len(request.POST))


urlpatterns = [*pages, path("export", export), path("slow", slow), path("broken", broken), path("upload", upload)]


def guess(client, password="wrong", name="operator", code="000000"):
    return client.post("/sign-in", {"username": name, "password": password, "code": code})


def window_is_over():
    """Time passes in the database, where it is counted."""
    with connection.cursor() as cursor:
        cursor.execute("UPDATE accounts_allowance SET until = statement_timestamp()")


@pytest.fixture
def operator():
    return break_glass.issue("operator")


def right(client, operator):
    return guess(client, operator.password, code=totp.code(operator.key, totp.step_now()))


def test_twenty_wrong_passwords_from_one_address_wait_for_a_quarter_of_an_hour(client, operator):
    answers = [guess(client) for _ in range(20)]
    assert [answer.status_code for answer in answers] == [200] * limits.GUESSES.most + [429] * 10
    assert 890 <= int(answers[-1].headers["Retry-After"]) <= 900
    assert "Try again in" in answers[-1].content.decode()
    assert right(client, operator).status_code == 429
    window_is_over()
    assert right(client, operator).status_code == 302


def test_who_comes_in_from_elsewhere_is_not_kept_out(operator):
    for _ in range(20):
        guess(Client(REMOTE_ADDR="192.0.2.1"))
    assert right(Client(REMOTE_ADDR="192.0.2.2"), operator).status_code == 302


def test_many_addresses_slow_one_name_down_and_a_new_password_lets_the_operator_in(operator):
    answers = [guess(Client(REMOTE_ADDR=f"192.0.2.{number}")).status_code for number in range(20) for _ in range(4)]
    assert answers == [200] * limits.GUESSES_OF_NAME.most + [429] * 30
    here = Client(REMOTE_ADDR="198.51.100.1")
    assert right(here, operator).status_code == 429
    assert right(here, break_glass.issue("operator")).status_code == 302


def test_many_names_from_one_address_are_guesses_too(client, operator):
    answers = [guess(client, name=f"name{number}").status_code for number in range(60)]
    assert answers == [200] * limits.GUESSES_OF_ADDRESS.most + [429] * 10


def test_the_way_in_with_microsoft_stays_open(client, operator):
    for _ in range(20):
        guess(client)
    assert client.get("/sign-in").status_code == 200
    assert client.get("/sign-in/microsoft").status_code != 429


def test_a_sign_in_forgets_the_wrong_ones_before_it(client, operator):
    for _ in range(limits.GUESSES.most - 1):
        guess(client)
    assert right(client, operator).status_code == 302
    assert guess(Client(), operator.password).status_code == 200
    assert BreakGlassUse.objects.count() == 1


@pytest.mark.parametrize(
    ("proxies", "counted"), [(0, "10.0.0.1"), (1, "203.0.113.9"), (2, "198.51.100.7"), (9, "10.0.0.1")]
)
def test_an_address_is_believed_as_far_as_there_are_proxies(settings, proxies, counted):
    settings.PROXIES = proxies
    headers = {"X-Forwarded-For": "1.2.3.4, 198.51.100.7, 203.0.113.9"}
    assert limits.address(RequestFactory().get("/", headers=headers, REMOTE_ADDR="10.0.0.1")) == counted


def test_an_address_that_changes_with_each_request_is_one_client(client, operator, settings):
    settings.PROXIES = 1
    codes = []
    for number in range(20):
        headers = {"X-Forwarded-For": f"9.9.9.{number}, 203.0.113.9"}
        given = {"username": "operator", "password": "wrong", "code": "000000"}
        codes.append(client.post("/sign-in", given, headers=headers).status_code)
    assert codes.count(429) == 10


@pytest.mark.parametrize(
    ("told", "found"),
    [
        ("2001:db8:1:2:3::4", "2001:db8:1:2::/64"),
        ("nonsense", "10.0.0.1"),
        ("", "10.0.0.1"),
        ("1.2.3.4:80", "10.0.0.1"),
    ],
)
def test_what_is_no_address_counts_for_the_proxy(settings, told, found):
    settings.PROXIES = 1
    headers = {"X-Forwarded-For": told} if told else {}
    assert limits.address(RequestFactory().get("/", headers=headers, REMOTE_ADDR="10.0.0.1")) == found


def test_an_unknown_name_costs_one_hash_like_a_known_one(client, operator, monkeypatch):
    hashed, encode = [], MD5PasswordHasher.encode
    monkeypatch.setattr(MD5PasswordHasher, "encode", lambda *given: hashed.append(1) or encode(*given))
    cost = {}
    for name in ("operator", "nobody"):
        hashed.clear()
        guess(client, name=name)
        cost[name] = len(hashed)
    assert cost == {"operator": 1, "nobody": 1}


@pytest.mark.urls(__name__)
def test_exports_are_few_and_pages_go_on(client, analyst):
    client.force_login(analyst)
    codes = [client.get("/export").status_code for _ in range(12)]
    assert codes == [200] * 10 + [429] * 2
    assert client.get("/settings").status_code == 200


def test_a_person_who_asks_too_often_waits_and_others_do_not(client, analyst, stranger, caplog):
    client.force_login(analyst)
    key = limits.PAGES.key(analyst.pk)
    client.get("/settings")
    Allowance.objects.filter(key=key).update(used=limits.PAGES.most - 1)
    assert client.get("/settings").status_code == 200
    with caplog.at_level(logging.WARNING):
        answers = [client.get("/settings") for _ in range(3)]
    assert {answer.status_code for answer in answers} == {429}
    assert 1 <= int(answers[0].headers["Retry-After"]) <= 60
    assert [record.name for record in caplog.records].count("accounts.limits") == 1
    other = Client()
    other.force_login(stranger)
    assert other.get("/settings").status_code == 200
    window_is_over()
    assert client.get("/settings").status_code == 200


def test_a_page_that_is_not_there_counts_too(client, analyst):
    client.force_login(analyst)
    client.get("/nothing")
    assert Allowance.objects.get().used == 1


def test_no_name_and_no_address_is_kept(client, operator):
    guess(client, name="a password in the wrong field")
    kept = str(list(Allowance.objects.values()))
    assert "password" not in kept and "127.0.0.1" not in kept


def test_old_windows_are_taken_away():
    for number in range(9):
        limits.take(limits.PAGES, number)
    window_is_over()
    limits.take(limits.PAGES, "new")
    assert Allowance.objects.count() == 1


def test_a_lost_count_costs_nothing_but_the_count():
    with connection.cursor() as cursor:
        cursor.execute("SELECT relpersistence FROM pg_class WHERE relname = 'accounts_allowance'")
        assert cursor.fetchone() == ("u",)


@pytest.mark.urls(__name__)
@pytest.mark.django_db(transaction=True)
def test_what_the_database_takes_too_long_for_is_told(client, analyst):
    client.force_login(analyst)
    client.raise_request_exception = False
    with connection.cursor() as cursor:
        cursor.execute("SET statement_timeout = 200")
    try:
        answer = client.get("/slow")
    finally:
        with connection.cursor() as cursor:
            cursor.execute("RESET statement_timeout")
    assert answer.status_code == 503
    assert "took too long" in answer.content.decode()
    assert client.get("/broken").status_code == 500


@pytest.mark.parametrize("person", ["analyst", None])
def test_an_address_that_is_too_long_is_told(client, person, request):
    if person:
        client.force_login(request.getfixturevalue(person))
    answer = client.get("/", {"q": "a" * (limits.LONGEST_QUERY + 1)})
    assert answer.status_code == 414
    assert "too long" in answer.content.decode()


@pytest.mark.urls(__name__)
@pytest.mark.parametrize(
    "body", [{"text": "a" * 1_000_001}, {f"field{number}": "" for number in range(201)}], ids=["large", "many"]
)
def test_a_form_that_is_too_large_is_refused_in_our_words(client, analyst, body):
    client.force_login(analyst)
    answer = client.post("/upload", urlencode(body), content_type="application/x-www-form-urlencoded")
    assert answer.status_code == 400
    assert "larger than what may be sent" in answer.content.decode()
