"""Roles of the provider's own people: given and taken by object ID, before the person has ever come."""

from uuid import UUID

from django.db import transaction

from accounts import audit
from accounts.audit import Action
from accounts.models import User


@transaction.atomic
def grant(tid: UUID, oid: UUID, role: User.Role, name: str = "", *, from_entra: bool = False) -> tuple[User, bool]:
    """The person with the role, and whether the person is new; a change of role ends the person's sessions.

    `from_entra`: the role came with the person's token, and goes when it is taken there.
    """
    user = User.objects.of(str(tid), str(oid))
    if user is None:
        username = User.entra_username(str(tid), str(oid))
        user = User.objects.create_user(username, name=name, role=role, tid=tid, oid=oid, from_entra=from_entra)
        audit.record(Action.GRANT, audit.person(user), after=standing(user))
        return user, True
    before = standing(user)
    if user.role != role:
        end_sessions(user)
    user.role, user.name, user.is_active, user.from_entra = role, name or user.name, True, from_entra
    user.full_clean()
    user.save()
    if standing(user) != before:
        audit.record(Action.GRANT, audit.person(user), before=before, after=standing(user))
    return user, False


def revoke(tid: UUID, oid: UUID) -> User | None:
    """Nobody comes in as this person any more, and open sessions end; None when there is no such person."""
    user = User.objects.of(str(tid), str(oid))
    if user is not None:
        deactivate(user)
    return user


@transaction.atomic
def deactivate(user: User, customer_id: int | None = None) -> None:
    """Let the person in no more, and end the open sessions; `customer_id`: whose person it is."""
    before = standing(user)
    user.is_active = False
    end_sessions(user)
    user.save(update_fields=["is_active", "password"])
    audit.record(Action.DEACTIVATE, audit.person(user), customer_id=customer_id, before=before, after=standing(user))


@transaction.atomic
def reactivate(user: User, customer_id: int | None = None) -> None:
    """Let the person in again, in the role as it was."""
    before = standing(user)
    user.is_active = True
    user.save(update_fields=["is_active"])
    audit.record(Action.REACTIVATE, audit.person(user), customer_id=customer_id, before=before, after=standing(user))


def end_sessions(user: User) -> None:
    """Sessions are bound to the password field: another unusable value there, and they are not known any more."""
    user.set_unusable_password()


def standing(user: User) -> dict[str, object]:
    """What a person may be, as the audit trail keeps it."""
    return {"role": str(user.role), "active": user.is_active} | ({"from": "entra"} if user.from_entra else {})
