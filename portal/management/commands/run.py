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
        group = processes.Group(settings.STATE_DIR)
        group.end_leftovers()
        refuse_taken_port(processes.web_port(), "PUBLIC_URL")
        call_command("migrate", verbosity=0)
        call_command("collectstatic", interactive=False, verbosity=0)
        run(self, group)


def run(command: BaseCommand, group: processes.Group) -> None:
    """Start the three and stay until they are told to end."""
    try:
        for process in processes.processes():
            group.start(process.name, process.command, processes.environment(process))
        command.stdout.write(f"Utkik answers at {settings.PUBLIC_URL}; Ctrl-C ends it. Logs: {group.log('*')}")
        command.stdout.flush()
        group.watch()
    except KeyboardInterrupt:
        command.stdout.write("Ending.")
    except processes.Ended as error:
        raise CommandError(str(error)) from error
    finally:
        group.stop()


def refuse_taken_port(port: int, name: str) -> None:
    with socket.socket() as probe:
        probe.settimeout(2)
        if probe.connect_ex(("127.0.0.1", port)) == 0:
            raise CommandError(f"Port {port} is taken by another program: end it, or choose another port with {name}.")
