import socket
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError

from portal import checks, processes


class Command(BaseCommand):
    help = "Check the settings, then run web, worker and beat against Microsoft until Ctrl-C."

    def handle(self, *args: Any, **options: Any) -> None:
        if problem := checks.problem():
            raise CommandError(problem)
        try:
            with processes.Group(settings.STATE_DIR) as group:
                self.run(group)
        except KeyboardInterrupt:
            self.stdout.write("Ended.")
        except processes.Ended as error:
            raise CommandError(str(error)) from error

    def run(self, group: processes.Group) -> None:
        refuse_taken_port(processes.web_port(), "PUBLIC_URL")
        call_command("migrate", verbosity=0)
        call_command("collectstatic", interactive=False, verbosity=0)
        for process in processes.processes():
            group.start(process.name, process.command, processes.environment(process))
        self.stdout.write(f"Utkik answers at {settings.PUBLIC_URL}; Ctrl-C ends it. Logs: {group.log('*')}")
        self.stdout.flush()
        group.watch()


def refuse_taken_port(port: int, name: str) -> None:
    """CommandError when another program answers at the port; `name` is what chooses another."""
    with socket.socket() as probe:
        probe.settimeout(2)
        try:
            taken = probe.connect_ex(("127.0.0.1", port)) == 0
        except OverflowError as error:
            raise CommandError(f"Port {port} does not exist: choose another with {name}.") from error
    if taken:
        raise CommandError(f"Port {port} is taken by another program: end it, or choose another port with {name}.")
