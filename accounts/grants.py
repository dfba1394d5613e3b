"""Roles of the provider's own people: given and taken by object ID, before the person has ever come."""

from uuid import UUID

from accounts.models import User


def grant(tid: UUID, oid: UUID, role: User.Role, name: str = "") -> tuple[User, bool]:
    """The person with the role, and whether the person is new; a change of role ends the person's sessions."""
    user = User.objects.of(str(tid), str(oid))
    if user is None:
        username = User.entra_username(str(tid), str(oid))
        return User.objects.create_user(username, name=name, role=role, tid=tid, oid=oid), True
    if user.role != role:
        # Sessions are bound to the password field: another unusable value there, and they are not known any more.
        user.set_unusable_password()
    user.role, user.name, user.is_active = role, name or user.name, True
    user.full_clean()
    user.save()
    return user, False


def revoke(tid: UUID, oid: UUID) -> User | None:
    """Nobody comes in as this person any more, and open sessions end; None when there is no such person."""
    user = User.objects.of(str(tid), str(oid))
    if user is not None:
        user.is_active = False
        user.set_unusable_password()
        user.save(update_fields=["is_active", "password"])
    return user
