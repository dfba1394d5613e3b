from argparse import ArgumentParser
from pathlib import Path
from typing import Any

import segno
from django.conf import settings
from django.core.management.base import CommandError

from accounts import break_glass, totp
from accounts.commands import Operation
from accounts.models import User


class Command(Operation):
    help = (
        "Make the local operator, the one account that works without Microsoft, or make all of its secrets anew; "
        "prints its password, the key for an authenticator app, and recovery codes."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("username", nargs="?", default="operator")
        parser.add_argument("--qr", type=Path, metavar="FILE", help="also write the QR code of the key, as SVG")

    def handle(self, *args: Any, **options: Any) -> None:
        user = User.objects.filter(username__iexact=options["username"]).first()
        if user is not None and user.oid:
            raise CommandError("That is somebody who signs in with Microsoft: choose another name.")
        issued = break_glass.issue(options["username"])
        qr = segno.make(totp.address(issued.key, f"Utkik {settings.PROVIDER_NAME}", issued.username))
        if options["qr"]:
            self.draw(qr, options["qr"])
        elif self.stdout.isatty():
            qr.terminal(out=self.stdout, compact=True)
        codes = "\n".join(f"                {code}" for code in issued.recovery_codes).strip()
        self.stdout.write(
            f"User name:      {issued.username}\nPassword:       {issued.password}\n"
            f"Key:            {totp.spelled(issued.key)}\nRecovery codes: {codes}\n\n"
            "Put the key into an authenticator app, and all of it into a safe: it is not shown again. Every "
            "administrator is told when the account is used."
        )

    def draw(self, qr: Any, file: Path) -> None:
        try:
            file.touch(mode=0o600, exist_ok=False)
            qr.save(str(file), kind="svg", scale=6)
        except OSError as error:
            raise CommandError(f"{file} cannot be written: {error.strerror}.") from error
