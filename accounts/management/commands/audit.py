import itertools
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import CommandError

from accounts import audit, chain, sheets
from accounts.commands import Operation
from accounts.models import AuditEntry

COLUMNS = [field.name for field in AuditEntry._meta.concrete_fields]


class Command(Operation):
    help = "Check the audit trail line by line (verify), or print all of it (export)."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("what", choices=["verify", "export"])
        parser.add_argument("--csv", action="store_true", help="with export: as CSV, which is the one form there is")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["what"] == "verify":
            return self.verify()
        return self.export()

    def verify(self) -> None:
        verdict = chain.verdict()
        if verdict.reason:
            raise CommandError(f"Line {verdict.number} of the audit trail is bad: {verdict.reason}.")
        self.stdout.write(f"The audit trail is in order: {verdict.lines} lines.")

    def export(self) -> None:
        audit.record(audit.Action.AUDIT_EXPORT, audit.Subject("audit trail"))
        rows = AuditEntry.objects.order_by("pk").values_list(*COLUMNS).iterator(chain.CHUNK)
        try:
            for line in sheets.lines(itertools.chain([COLUMNS], rows)):
                self.stdout.write(line, ending="")
        except BrokenPipeError as error:
            raise CommandError("The export was cut off by its reader.") from error
