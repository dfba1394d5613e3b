from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand

from portal import processes
from portal.embedded import postgres, valkey


class Command(BaseCommand):
    help = "End the embedded servers and whatever a killed start has left behind, under every folder of var/."

    def handle(self, *args: Any, **options: Any) -> None:
        states = sorted(path for path in (settings.BASE_DIR / "var").glob("*") if path.is_dir())
        for state in states:
            processes.Group(state).end_leftovers()
            for name, ended in (("PostgreSQL", postgres.stop(state)), ("Valkey", valkey.stop(state))):
                if ended:
                    self.stdout.write(f"Ended {name} of {state.name}.")
