import secrets
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import CommandError
from django.db import transaction

from accounts import audit
from accounts.commands import Operation
from accounts.models import User


class Command(Operation):
    help = "Make or renew the local operator, an administrator who signs in with a password; prints the password."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("username", nargs="?", default="operator")

    @transaction.atomic
    def handle(self, *args: Any, **options: Any) -> None:
        password = secrets.token_urlsafe(12)
        user = User.objects.filter(username__iexact=options["username"]).first()
        if user is not None and user.oid:
            raise CommandError("That is somebody who signs in with Microsoft: choose another name.")
        if user is None:
            role = User.Role.ADMINISTRATOR
            user = User.objects.create_user(options["username"], password, name="Operator", role=role)
        else:
            user.set_password(password)
            user.is_active = True
            user.save(update_fields=["password", "is_active"])
        audit.record(audit.Action.PASSWORD, audit.person(user))
        self.stdout.write(password)
