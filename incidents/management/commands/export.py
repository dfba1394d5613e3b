from argparse import ArgumentParser
from typing import Any

from django.core.management.base import CommandError

from accounts import audit
from accounts.commands import Operation
from incidents import export
from tenants.models import Customer


class Command(Operation):
    help = "Print every stored incident as one JSON object a line, and alerts without incident as lines of their own."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("what", choices=["incidents"], help="what to export")
        parser.add_argument("--customer", metavar="NAME", help="of this customer only")

    def handle(self, *args: Any, **options: Any) -> None:
        customer = self.customer(options["customer"]) if options["customer"] is not None else None
        subject = audit.Subject("incidents", "", customer.name if customer else "")
        audit.record(audit.Action.EXPORT, subject, customer_id=customer.pk if customer else None)
        try:
            for line in export.lines(customer):
                self.stdout.write(line)
        except BrokenPipeError as error:
            raise CommandError("The export was cut off by its reader.") from error

    def customer(self, name: str) -> Customer:
        customer = Customer.objects.filter(name__iexact=name.strip()).first()
        if customer is None:
            raise CommandError(f"There is no customer named {name!r}.")
        return customer
