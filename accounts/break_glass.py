"""The one local account, for the day when nobody can sign in with Microsoft: a password, a second factor, an alarm."""

import hashlib
import logging
import secrets
from dataclasses import dataclass
from typing import Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from django.conf import settings
from django.contrib.auth.backends import ModelBackend
from django.db import transaction
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.crypto import salted_hmac

from accounts import audit, limits, totp
from accounts.models import BreakGlass, BreakGlassUse, User

RECOVERY_CODES = 10
# Letters and digits that nobody mistakes for others; 16 of them are 80 bits.
ALPHABET = "abcdefghjkmnpqrstuvwxyz23456789"
NONCE_BYTES = 12

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Issued:
    """What is shown once and never again."""

    username: str
    password: str
    key: bytes
    recovery_codes: tuple[str, ...]


@transaction.atomic
def issue(username: str) -> Issued:
    """Make the account, or make all of its secrets anew; another account that had its place may sign in no more."""
    password, key = secrets.token_urlsafe(12), totp.new_key()
    codes = tuple(recovery_code() for _ in range(RECOVERY_CODES))
    user = User.objects.filter(username__iexact=username).first()
    if user is None:
        user = User.objects.create_user(username, name="Operator", role=User.Role.ADMINISTRATOR)
    former = User.objects.filter(break_glass__isnull=False).exclude(pk=user.pk).first()
    if former:
        former.set_unusable_password()
        former.is_active = False
        former.save(update_fields=["password", "is_active"])
    user.set_password(password)
    user.is_active, user.role = True, User.Role.ADMINISTRATOR
    user.save(update_fields=["password", "is_active", "role"])
    give(user, key, codes)
    limits.forget_sign_in(user.username)
    audit.record(audit.Action.PASSWORD, audit.person(user))
    return Issued(user.username, password, key, codes)


def give(user: User, key: bytes, codes: tuple[str, ...] = ()) -> None:
    """Let the person sign in with a password and codes of this key, and nobody else."""
    fresh = {"user": user, "sealed_key": sealed(user, key), "last_step": 0, "recovery": [hashed(one) for one in codes]}
    BreakGlass.objects.update_or_create(pk=1, defaults=fresh)


class Backend(ModelBackend):
    """Password and code, for this account alone; it never says which of the two was wrong."""

    def authenticate(self, request: Any, username: Any = None, password: Any = None, **given: Any) -> Any:
        user = super().authenticate(request, username=username, password=password)
        code = "".join(str(given.get("code") or "").split())
        return user if user is not None and proves(user, code) else None


@transaction.atomic
def proves(user: User, code: str) -> bool:
    """Whether the code is one of the account's; each is good once."""
    glass = BreakGlass.objects.select_for_update().filter(user=user).first()
    if glass is None or not code:
        return False
    step = totp.step_of(opened(glass), code)
    if step is not None and step > glass.last_step:
        glass.last_step = step
    elif hashed(code) in glass.recovery:
        glass.recovery = [one for one in glass.recovery if one != hashed(code)]
    else:
        return False
    glass.save(update_fields=["last_step", "recovery"])
    return True


@transaction.atomic
def record_use(request: HttpRequest, user: User) -> None:
    """The account has signed in: every administrator is told until one of them has taken note."""
    address = limits.address(request)
    BreakGlassUse.objects.create(username=user.username, address=address)
    log.error("The break-glass account %s was used from %s.", user.username, address)


def alarms(user: User) -> "QuerySet[BreakGlassUse]":
    """The uses that no administrator has taken note of; nothing for other people."""
    uses = BreakGlassUse.objects.filter(acknowledged_at=None)
    return uses.order_by("-used_at") if user.is_authenticated and user.is_administrator else uses.none()


def is_own(user: User) -> bool:
    """Whether the person is the account itself, which cannot take note of its own use."""
    return BreakGlass.objects.filter(user=user).exists()


def acknowledge(user: User) -> int:
    """An administrator has taken note; how many uses that were. Nothing for other people and the account itself."""
    if is_own(user):
        return 0
    return alarms(user).update(acknowledged_at=timezone.now(), acknowledged_by=str(user))


def recovery_code() -> str:
    letters = "".join(secrets.choice(ALPHABET) for _ in range(16))
    return "-".join(letters[start : start + 4] for start in range(0, 16, 4))


def hashed(code: str) -> str:
    """A recovery code as it is stored; long random ones need no slow hash."""
    plain = code.replace("-", "").lower()
    return salted_hmac("accounts.break_glass.recovery", plain, algorithm="sha256").hexdigest()


def sealed(user: User, key: bytes) -> bytes:
    """The key as it is stored: readable with SECRET_KEY only, and for this account only."""
    nonce = secrets.token_bytes(NONCE_BYTES)
    return nonce + cipher().encrypt(nonce, key, str(user.pk).encode())


def opened(glass: BreakGlass) -> bytes:
    """The key; one that no code belongs to when SECRET_KEY is another by now."""
    kept = bytes(glass.sealed_key)
    try:
        return cipher().decrypt(kept[:NONCE_BYTES], kept[NONCE_BYTES:], str(glass.user_id).encode())
    except InvalidTag:
        log.error("The break-glass key cannot be read with this SECRET_KEY: make a new one with manage.py operator.")
        return totp.new_key()


def cipher() -> AESGCM:
    return AESGCM(hashlib.sha256(b"accounts.break_glass.key\0" + settings.SECRET_KEY.encode()).digest())
