"""Who comes in after Microsoft has proven who it is: each backend knows one kind of people and leaves the others be."""

from typing import Any
from uuid import UUID

from django.conf import settings
from django.contrib.auth import authenticate, get_backends
from django.contrib.auth.backends import BaseBackend
from django.http import HttpRequest
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from accounts import grants
from accounts.models import User
from defender.sign_in import Person

# The app roles of the sign-in registration, as the ID token names them; of several the first here counts.
APP_ROLES: dict[str, Any] = {
    "Utkik.Administrator": User.Role.ADMINISTRATOR,
    "Utkik.Analyst": User.Role.ANALYST,
    "Utkik.Manager": User.Role.MANAGER,
}


class Denied(Exception):
    """The person is known to Microsoft and may not come in; `command` would let the person in."""

    def __init__(self, sentence: str | Promise, advice: str | Promise = "", command: str = "") -> None:
        super().__init__(str(sentence))
        self.sentence = sentence
        self.advice = advice
        self.command = command


class EntraBackend(BaseBackend):
    """What all people from Entra have in common; a subclass says whom it lets in."""

    def authenticate(self, request: HttpRequest | None, person: Person) -> User | None:
        """The user that the person is; None when it is for another backend to say, Denied when the answer is no."""
        raise NotImplementedError

    def get_user(self, user_id: Any) -> User | None:
        return User.objects.filter(pk=user_id, is_active=True, oid__isnull=False).first()

    def customer_id(self, user: User) -> int | None:
        """Whose person it is; None for the provider's own."""
        return None

    def welcome(self, user: User, person: Person) -> User:
        """Refuse who was switched off; else take over what the directory calls the person by now."""
        if not user.is_active:
            raise Denied(_("You may no longer sign in here."), _("Ask an administrator of Utkik."))
        user.name = person.name or user.name
        user.email = person.username if "@" in person.username else user.email
        user.save(update_fields=["name", "email"])
        return user


class StaffBackend(EntraBackend):
    """The provider's own people: a role was granted to them before they come, or comes with their token."""

    def authenticate(self, request: HttpRequest | None, person: Person) -> User | None:
        if person.tid != settings.ENTRA_HOME_TENANT_ID:
            return None
        user = self.refreshed(User.objects.of(person.tid, person.oid), person)
        if user is None or user.role not in User.STAFF or (user.from_entra and not app_role(person)):
            raise Denied(
                _("You have no role in Utkik yet."),
                _("Ask an administrator to grant you one; this is the command, with your object ID:"),
                f"manage.py grant {person.oid} {User.Role.ANALYST}",
            )
        return self.welcome(user, person)

    def refreshed(self, user: User | None, person: Person) -> User | None:
        """The person in the role that Entra gives, if it gives any; whoever was switched off here stays so."""
        role = app_role(person)
        if user is not None and not user.is_active:
            return user
        if user is not None and user.from_entra and role is None:
            grants.end_sessions(user)
            user.save(update_fields=["password"])
        if role is None or (user is not None and user.role == role):
            return user
        return grants.grant(UUID(person.tid), UUID(person.oid), role, person.name, from_entra=True)[0]


def app_role(person: Person) -> Any:
    """The role that the token names, one of User.Role, or None.

    Only the home directory's word counts: a customer's administrator can assign the same app roles there.
    """
    return next((role for name, role in APP_ROLES.items() if name in person.roles), None)


def admitted(request: HttpRequest, person: Person) -> User:
    """The user as whom the person comes in; raises Denied with the sentence to show."""
    user = authenticate(request, person=person)
    if user is None:
        # The same for all the world: who our customers are is their secret.
        raise Denied(
            _("Your organisation is not connected to Utkik."),
            _("Sign in with another account, or ask your provider to connect your organisation."),
        )
    return user


def customer_id(user: User) -> int | None:
    """Whose person it is, as the backends know it; None for the provider's own."""
    known = (backend.customer_id(user) for backend in get_backends() if isinstance(backend, EntraBackend))
    return next((found for found in known if found is not None), None)
