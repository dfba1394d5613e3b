"""Whose rows the database shows: said once for each transaction, and forgotten with it.

Only the web is held to it; to workers and operators' commands, which come by another role, the database shows all.
"""

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any
from uuid import UUID

from django.db import connection, transaction

from accounts.models import User

ENTER = "SELECT current_setting('utkik.customers', true), set_config('utkik.customers', {customers}, true)"
AGAIN = "SELECT set_config('utkik.customers', %s, true)"


@contextmanager
def entered(customers: str, *values: Any) -> Iterator[None]:
    """A transaction with the rows of these customers: an SQL expression that is 'all' or a list such as '{1,2}'."""
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute(ENTER.format(customers=customers), values)
            before = cursor.fetchone()[0]
        yield
    if connection.in_atomic_block:
        # Inside a larger transaction, which goes on with what it had; an error has taken it back already.
        with connection.cursor() as cursor:
            cursor.execute(AGAIN, [before or ""])


def person(user: User) -> AbstractContextManager[None]:
    """The rows that the person may see, as the database itself knows the person."""
    return entered("utkik_customers_of(%s)", user.pk)


def visitor(
    nonce: str = "", begun: int | None = None, state: str = "", browser: str = ""
) -> AbstractContextManager[None]:
    """The rows of the customer whose link, or whose answer from Microsoft, somebody without an account has brought."""
    return entered("utkik_customers_of_visitor(%s, %s, %s, %s)", nonce, begun, state, browser)


def everybody() -> AbstractContextManager[None]:
    """All rows: for questions whose answer names no customer."""
    return entered("'all'")


def directory(entra_id: UUID | str | None) -> tuple[int | None, bool]:
    """The key of the customer who has the directory, None when nobody has, and whether it is connected."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT customer_id, connected FROM utkik_directory(%s)", [entra_id and str(entra_id)])
        return cursor.fetchone() or (None, False)
