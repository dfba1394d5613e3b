"""Lets each database connection tell its process, so that a kill can be aimed at who holds a lease."""

import os
from datetime import timedelta

from django.apps import AppConfig
from django.db.backends.signals import connection_created


class ChaosConfig(AppConfig):
    name = "tests.chaos"
    label = "chaos"

    def ready(self) -> None:
        from incidents import leases, sync

        connection_created.connect(tell_process)
        leases.LENGTH = timedelta(seconds=float(os.environ["SYNC_LEASE_SECONDS"]))
        sync.INTERVAL = timedelta(seconds=float(os.environ["SYNC_INTERVAL_SECONDS"]))


def tell_process(connection, **_):
    with connection.cursor() as cursor:
        cursor.execute(f"SET application_name = 'utkik-{os.getpid()}'")
