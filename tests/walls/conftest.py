"""Two customers, and somebody of every kind who may come to see them."""

from typing import Any
from uuid import uuid4

import pytest
from django.test import Client

from tests.walls.canaries import Planted, person, planted

CUSTOMERS_DOOR = "tenants.backends.CustomerBackend"
LOCAL_DOOR = "accounts.break_glass.Backend"


@pytest.fixture
def one(db: None) -> Planted:
    return planted("a")


@pytest.fixture
def other(db: None) -> Planted:
    return planted("b")


@pytest.fixture
def people(one: Planted, other: Planted) -> dict[str, Any]:
    """By what they are called in the tests; nobody has no account."""
    analyst = person(None, "analyst")
    analyst.customers.add(one.rows["Customer"])
    return {
        "nobody": None,
        "manager": person(None, "manager"),
        "analyst of a": analyst,
        "analyst of none": person(None, "analyst"),
        "customer a": one.rows["person"],
        "customer b": other.rows["person"],
        # Of a directory that nobody knows; the customers' own door would not even let the session live.
        "stranger": person(None, "customer", tid=uuid4()),
        # The last, since what an administrator asks for is done.
        "administrator": person(None, "administrator"),
    }


def browser_of(name: str, user: Any) -> Client:
    client = Client(raise_request_exception=False)
    if user is not None:
        client.force_login(user, CUSTOMERS_DOOR if name.startswith("customer") else LOCAL_DOOR)
    return client
