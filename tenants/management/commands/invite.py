from argparse import ArgumentParser
from typing import Any

from django.core.management.base import CommandError

from accounts.commands import Operation
from tenants import connecting, invitations
from tenants.models import Invitation


class Command(Operation):
    help = (
        "Make a link by which a customer's administrator approves Utkik in the browser, and print it. No mail is sent: "
        "send the link to the address yourself. It works for 14 days and connects one directory."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("name", help="the customer's name; a new one makes a new customer")
        parser.add_argument("email", nargs="?", default="", help="the address of the administrator who is to approve")
        parser.add_argument("--cancel", action="store_true",
                            help="end the customer's open links instead, or those to this address")  # fmt: skip

    def handle(self, *args: Any, **options: Any) -> None:
        if options["cancel"]:
            return self.cancel(options["name"], options["email"])
        try:
            invitation = invitations.invite(options["name"], options["email"])
        except connecting.Refused as refused:
            raise CommandError(str(refused)) from refused
        return self.stdout.write(invitations.link(invitation))

    def cancel(self, name: str, email: str) -> None:
        open_ones = Invitation.objects.filter(customer__name__iexact=name.strip(), used_at=None, cancelled_at=None)
        if email:
            open_ones = open_ones.filter(email__iexact=email.strip())
        ended = sum(invitations.cancel(invitation) for invitation in open_ones)
        if not ended:
            raise CommandError("There is no open link to cancel.")
        self.stdout.write(f"Cancelled: {ended}")
