"""Commands that change something or hand something out: the audit trail names who ran them."""

import os
import pwd
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from accounts import audit


class Operation(BaseCommand):
    """A command whose lines in the audit trail say that it was the command line, and under whose account."""

    def execute(self, *args: Any, **options: Any) -> str | None:
        try:
            with audit.acting(audit.Actor(audit.Kind.COMMAND, account(), str(os.getuid()))):
                result: str | None = super().execute(*args, **options)
        except audit.Unrecorded as error:
            raise CommandError(str(error)) from error
        return result


def account() -> str:
    """The name of the account that runs this process; its number when the machine has no name for it."""
    try:
        return pwd.getpwuid(os.getuid()).pw_name
    except KeyError:
        return str(os.getuid())
