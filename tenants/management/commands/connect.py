import csv
from argparse import ArgumentParser
from pathlib import Path
from typing import Any
from uuid import UUID

from django.core.management.base import CommandError

from accounts.commands import Operation
from tenants import connecting


class Command(Operation):
    help = (
        "Connect a customer's directory: proves that consent was given by a fresh token with the needed roles and one "
        "answered call. Nothing stays behind after a refusal."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("name", nargs="?", help="the customer's name")
        parser.add_argument("directory", nargs="?", metavar="GUID", help="the directory (tenant) ID")
        parser.add_argument("--wait", type=float, default=0, metavar="SECONDS",
                            help="go on trying this long while Entra spreads the consent")  # fmt: skip
        parser.add_argument("--csv", type=Path, metavar="FILE", help="connect every line 'name,GUID' of the file")
        parser.add_argument("--dry-run", action="store_true", help="with --csv: check the file and change nothing")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["dry_run"] and not options["csv"]:
            raise CommandError("--dry-run goes with --csv.")
        if bool(options["csv"]) == bool(options["name"]) or bool(options["name"]) != bool(options["directory"]):
            raise CommandError("Give a customer's name and a directory (tenant) ID, or --csv FILE.")
        try:
            if options["csv"]:
                self.connect_file(options["csv"], options["wait"], options["dry_run"])
            else:
                self.connect(options["name"], connecting.entra_id(options["directory"]), options["wait"])
        except connecting.Refused as refused:
            raise CommandError(str(refused)) from refused

    def connect(self, name: str, directory: UUID, wait: float) -> None:
        tenant = connecting.connect(name, directory, wait_seconds=wait)
        writing = "" if tenant.can_write else "; write-back is not granted"
        self.stdout.write(f"Connected {tenant.customer.name}, directory {directory}{writing}.")

    def connect_file(self, path: Path, wait: float, dry_run: bool) -> None:
        pairs = self.pairs(path)
        refused = 0
        for name, directory in pairs:
            if dry_run:
                self.stdout.write(f"Would connect {name}, directory {directory}.")
                continue
            try:
                self.connect(name, directory, wait)
            except connecting.Refused as reason:
                refused += 1
                self.stderr.write(f"{name}, directory {directory}: {reason}")
        if refused:
            raise CommandError(f"{refused} of {len(pairs)} directories could not be connected.")

    def pairs(self, path: Path) -> list[tuple[str, UUID]]:
        try:
            with path.open(newline="", encoding="utf-8-sig") as file:
                return connecting.listed(csv.reader(file))
        except (OSError, UnicodeDecodeError, csv.Error) as error:
            raise CommandError(f"{path} cannot be read: {error}") from error
