from typing import Any, ClassVar

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.db import models
from django.db.models.functions import Lower
from django.utils import timezone
from django.utils.translation import gettext_lazy as _


class UserManager(BaseUserManager["User"]):
    def create_user(self, username: str, password: str | None = None, **fields: Any) -> "User":
        """A person; without a password only Entra can sign the person in."""
        user = self.model(username=username, **fields)
        user.set_password(password)
        user.full_clean()
        user.save(using=self._db)
        return user

    def of(self, tid: str, oid: str) -> "User | None":
        """The person with these IDs in Entra, active or not."""
        return self.filter(tid=tid, oid=oid).first()


class User(AbstractBaseUser):
    """A person. Someone from Entra is (tid, oid), never an e-mail address; the local operator has a password.

    Name and e-mail of someone from Entra are what the directory said at the last sign-in: to be shown, never to be
    looked up. The user name is then made of the two IDs and never shown.
    """

    class Role(models.TextChoices):
        ADMINISTRATOR = "administrator", _("Administrator")
        ANALYST = "analyst", _("Analyst")
        MANAGER = "manager", _("Manager")
        CUSTOMER = "customer", _("Customer")

    # The roles of the provider's own people.
    STAFF: ClassVar[tuple[str, ...]] = ("administrator", "analyst", "manager")

    class Theme(models.TextChoices):
        SYSTEM = "system", _("System")
        LIGHT = "light", _("Light")
        DARK = "dark", _("Dark")

    username = models.CharField(_("user name"), max_length=150, unique=True)
    name = models.CharField(_("name"), max_length=200, blank=True)
    email = models.EmailField(_("e-mail"), blank=True)
    role = models.CharField(_("role"), max_length=20, choices=Role)
    tid = models.UUIDField(_("directory (tenant) ID"), null=True, blank=True)
    oid = models.UUIDField(_("object ID"), null=True, blank=True)
    theme = models.CharField(_("theme"), max_length=10, choices=Theme, default=Theme.SYSTEM)
    # Empty: as the browser has it.
    time_zone = models.CharField(_("time zone"), max_length=64, blank=True)
    language = models.CharField(_("language"), max_length=10, blank=True)
    is_active = models.BooleanField(_("active"), default=True)
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    objects = UserManager()

    USERNAME_FIELD = "username"
    REQUIRED_FIELDS: ClassVar[list[str]] = ["role"]

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["tid", "oid"], name="user_tid_oid"),
            models.UniqueConstraint(Lower("username"), name="user_username_any_case"),
            models.CheckConstraint(
                condition=models.Q(tid__isnull=True, oid__isnull=True) | models.Q(tid__isnull=False, oid__isnull=False),
                name="user_tid_with_oid",
            ),
        ]

    def __str__(self) -> str:
        return self.name or (str(self.oid) if self.oid else self.username)

    @staticmethod
    def entra_username(tid: str, oid: str) -> str:
        return f"{oid}@{tid}"

    @property
    def is_administrator(self) -> bool:
        return self.role == self.Role.ADMINISTRATOR

    @property
    def initials(self) -> str:
        words = str(self).replace(".", " ").split()
        return "".join(word[0] for word in words[:2]).upper()
