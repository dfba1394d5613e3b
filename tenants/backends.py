"""A customer's own people: whoever signs in from a connected directory."""

from typing import Any

from django.contrib.auth.hashers import make_password
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from accounts.backends import Denied, EntraBackend
from accounts.models import User
from defender.sign_in import Person
from tenants import scope


class CustomerBackend(EntraBackend):
    """Lets people of connected directories in as customers; they are made known at the first sign-in."""

    def authenticate(self, request: HttpRequest | None, person: Person) -> User | None:
        if not is_connected(person.tid):
            return None
        user, _made = User.objects.get_or_create(
            tid=person.tid,
            oid=person.oid,
            defaults={
                "username": User.entra_username(person.tid, person.oid),
                "role": User.Role.CUSTOMER,
                "password": make_password(None),
            },
        )
        if user.role != User.Role.CUSTOMER:
            # Once staff of a provider whose directory has become a customer's.
            raise Denied(_("You may no longer sign in here."), _("Ask an administrator of Utkik."))
        return self.welcome(user, person)

    def customer_id(self, user: User) -> int | None:
        return scope.directory(user.tid)[0]

    def get_user(self, user_id: Any) -> User | None:
        """The person as long as the directory stays connected: a session does not outlive it."""
        user = super().get_user(user_id)
        return user if user is not None and is_connected(user.tid) else None


def is_connected(tid: Any) -> bool:
    return scope.directory(tid)[1]
