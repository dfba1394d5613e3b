from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand

from portal import processes
from portal.embedded import postgres, valkey


class Command(BaseCommand):
    help = "End what runs or was left behind under every folder of var/: processes, PostgreSQL and Valkey."

    def handle(self, *args: Any, **options: Any) -> None:
        states = {path for path in (settings.BASE_DIR / "var").glob("*") if path.is_dir()}
        for state in sorted(states | {settings.STATE_DIR}):
            if not state.exists():
                continue
            for name, end in (("the processes", processes.end), ("PostgreSQL", postgres.stop), ("Valkey", valkey.stop)):
                if end(state):
                    self.stdout.write(f"Ended {name} of {state.name}.")
