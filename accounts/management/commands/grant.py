from argparse import ArgumentParser
from typing import Any
from uuid import UUID

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.management.base import CommandError

from accounts import grants
from accounts.commands import Operation
from accounts.models import User


class Command(Operation):
    help = "Give one of the provider's own people a role, or with --revoke take it; the person signs in with Entra."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("object_id", metavar="OBJECT-ID", help="the person's object ID in the home directory")
        parser.add_argument("role", nargs="?", metavar="ROLE", help=", ".join(User.STAFF))
        parser.add_argument("--name", default="", help="what to call the person until the first sign-in")
        parser.add_argument("--revoke", action="store_true", help="let the person in no more; open sessions end")

    def handle(self, *args: Any, **options: Any) -> None:
        if not settings.ENTRA_HOME_TENANT_ID:
            raise CommandError("ENTRA_HOME_TENANT_ID is not set: it is the directory of the provider's own people.")
        home, oid = UUID(settings.ENTRA_HOME_TENANT_ID), object_id(options["object_id"])
        if options["revoke"]:
            self.revoke(home, oid, options["role"])
            return
        try:
            user, made = grants.grant(home, oid, staff_role(options["role"]), options["name"].strip())
        except ValidationError as error:
            raise CommandError(" ".join(error.messages)) from error
        self.stdout.write(f"{user} {'is now' if made else 'is'} {user.get_role_display().lower()}.")

    def revoke(self, home: UUID, oid: UUID, role: str | None) -> None:
        if role:
            raise CommandError("--revoke takes no role: it lets the person in no more.")
        user = grants.revoke(home, oid)
        if user is None:
            raise CommandError(f"Nobody with the object ID {oid} has been granted a role.")
        self.stdout.write(f"{user} may no longer sign in.")


def object_id(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError as error:
        raise CommandError(f"{text[:80]!r} is not an object ID (a GUID from the Entra admin center).") from error


def staff_role(text: str | None) -> User.Role:
    if text not in User.STAFF:
        raise CommandError(f"The role must be one of {', '.join(User.STAFF)}, not {(text or '')[:80]!r}.")
    return User.Role(text)
