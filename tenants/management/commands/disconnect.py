from argparse import ArgumentParser
from typing import Any

from django.core.management.base import CommandError

from accounts.commands import Operation
from tenants import connecting


class Command(Operation):
    help = "Disconnect a directory: it is read no more, and what was read stays."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("directory", metavar="GUID", help="the directory (tenant) ID")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            tenant = connecting.disconnect(connecting.entra_id(options["directory"]))
        except connecting.Refused as refused:
            raise CommandError(str(refused)) from refused
        self.stdout.write(f"Disconnected {tenant.customer.name}, directory {tenant.entra_id}; what was read stays.")
