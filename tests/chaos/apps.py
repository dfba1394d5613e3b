"""Lets each database connection tell its process, so that a kill can be aimed at who holds a lease."""

import os

from django.apps import AppConfig
from django.db.backends.signals import connection_created


class ChaosConfig(AppConfig):
    name = "tests.chaos"
    label = "chaos"

    def ready(self) -> None:
        connection_created.connect(tell_process)


def tell_process(connection, **_):
    with connection.cursor() as cursor:
        cursor.execute(f"SET application_name = 'utkik-{os.getpid()}'")
