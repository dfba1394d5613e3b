from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from portal import doctor
from tenants import connecting


class Command(BaseCommand):
    help = (
        "Check a real installation: settings, callback addresses, PostgreSQL, Redis, clock, credentials and the token "
        "of one directory. A line for each finding says what to mend; a problem makes the exit status 1."
    )
    # It looks for itself, and goes on where a check would end it.
    requires_system_checks = ()

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--tenant", metavar="GUID", help="the directory whose token is asked for (the first connected)"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        problems = 0
        for subject, finding in doctor.examine(self.directory(options["tenant"])):
            problems += finding.state == "problem"
            self.stdout.write(f"{finding.state:8} {subject:11} {finding.text}")
            self.stdout.flush()
        if problems:
            raise CommandError("1 problem was found." if problems == 1 else f"{problems} problems were found.")

    def directory(self, given: str | None) -> str:
        try:
            return str(connecting.entra_id(given)) if given else ""
        except connecting.Refused as refused:
            raise CommandError(str(refused)) from refused
