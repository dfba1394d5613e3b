from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.conf import settings
from django.core.management.commands import migrate
from django.db import connection

from tenants import walls


class Command(migrate.Command):
    """Django's own, as the owner of the tables; afterwards the walls stand around every table that there is now."""

    def handle(self, *args: Any, **options: Any) -> None:
        with owner():
            super().handle(*args, **options)
            if not options["plan"] and not options["check_unapplied"]:
                walls.build()


@contextmanager
def owner() -> Iterator[None]:
    """The connection is the owner's for as long as this lasts."""
    before = dict(connection.settings_dict)
    if before["ROLE"] != "owner":
        connection.close()
        connection.settings_dict.update(settings.DATABASE_OWNER)
    try:
        yield
    finally:
        if before["ROLE"] != "owner":
            connection.close()
            connection.settings_dict.update(before)
