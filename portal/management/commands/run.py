import socket
from argparse import ArgumentParser
from typing import Any, NoReturn

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError

from portal import checks, processes


class Command(BaseCommand):
    help = (
        "Check the settings, then run web, worker and beat against Microsoft until Ctrl-C. With a name, become that "
        "one process, given no more credentials than it needs: for containers and systemd."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        names = [process.name for process in processes.processes() + processes.one_shots()]
        parser.add_argument("name", nargs="?", choices=names, help="the only process to run, in place of this command")
        parser.add_argument("--host", default="127.0.0.1", help="the address that the web listens at (127.0.0.1)")
        parser.add_argument("--port", type=int, help="the port that the web listens at (that of PUBLIC_URL, or 8000)")

    def handle(self, *args: Any, **options: Any) -> None:
        running = processes.processes(options["port"], options["host"])
        if options["name"]:
            known = {process.name: process for process in running + processes.one_shots()}
            self.run_one(known[options["name"]])
        self.refuse(checks.problem())
        self.warn()
        try:
            with processes.Group(settings.STATE_DIR) as group:
                self.run(group, running, options["port"] or processes.web_port())
        except KeyboardInterrupt:
            self.stdout.write("Ended.")
        except processes.Ended as error:
            raise CommandError(str(error)) from error

    def run_one(self, process: processes.Process) -> NoReturn:
        if process.name in ("web", "worker"):
            self.refuse(checks.problem(with_credential=process.name == "worker"))
        processes.become(process)

    def refuse(self, problem: str) -> None:
        if problem:
            raise CommandError(problem)

    def warn(self) -> None:
        if warning := checks.warning():
            self.stderr.write(f"Warning: {warning}")

    def run(self, group: processes.Group, running: list[processes.Process], port: int) -> None:
        refuse_taken_port(port, "PUBLIC_URL")
        call_command("migrate", verbosity=0)
        call_command("collectstatic", interactive=False, verbosity=0)
        for process in running:
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
