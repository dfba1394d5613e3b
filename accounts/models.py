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

    def visible_to(self, user: "User") -> "models.QuerySet[User]":
        """The people whom the person may look at and change: all for an administrator, else nobody."""
        return self.all() if user.is_active and user.is_administrator else self.none()


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
    # The role came with a token of Entra, and goes with the app role there.
    from_entra = models.BooleanField(default=False, editable=False)
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


class AuditEntry(models.Model):
    """Who did what: a line of the audit trail, with a copy of every name, so that it outlives those it names.

    Lines are added by `accounts.audit` and never changed. The database itself gives each its number, its time and its
    place in the chain: `hash` is SHA-256, hexadecimal, over the content and the hash of the line before.
    """

    class Kind(models.TextChoices):
        STAFF = "staff", _("Staff")
        CUSTOMER = "customer", _("Customer")
        LOCAL = "local", _("Local operator")
        COMMAND = "command", _("Command line")
        WORKER = "worker", _("Worker")
        NOBODY = "nobody", _("Not signed in")

    class Outcome(models.TextChoices):
        DONE = "done", _("Done")
        ASKED = "asked", _("Asked")
        REFUSED = "refused", _("Refused")
        DENIED = "denied", _("Denied")

    at = models.DateTimeField(editable=False)
    actor_kind = models.CharField(max_length=20, choices=Kind)
    actor_name = models.CharField(max_length=200, blank=True)
    actor_id = models.CharField(max_length=150, blank=True)
    actor_ip = models.CharField(max_length=45, blank=True)
    # A number and no foreign key; null: of no customer, or of all of them.
    customer_id = models.BigIntegerField(null=True)
    action = models.CharField(max_length=40)
    subject_kind = models.CharField(max_length=40, blank=True)
    subject_id = models.CharField(max_length=200, blank=True)
    subject_label = models.CharField(max_length=300, blank=True)
    before = models.JSONField(null=True)
    after = models.JSONField(null=True)
    outcome = models.CharField(max_length=10, choices=Outcome)
    request_id = models.CharField(max_length=40, blank=True)
    previous_hash = models.CharField(max_length=64)
    hash = models.CharField(max_length=64)

    class Meta:
        ordering = ["-pk"]
        indexes = [models.Index(fields=["customer_id", "-id"], name="audit_of_customer")]

    def __str__(self) -> str:
        return f"{self.pk} {self.action} {self.outcome}"


class AuditHead(models.Model):
    """The end of the chain: the number and the hash of its last line. One row; whoever adds a line holds it."""

    number = models.BigIntegerField(default=0)
    hash = models.CharField(max_length=64, blank=True)

    class Meta:
        constraints = [models.CheckConstraint(condition=models.Q(id=1), name="audit_single_head")]

    def __str__(self) -> str:
        return f"{self.number} {self.hash}"


class BreakGlass(models.Model):
    """The one local account, which signs in with a password and a second factor: one row at most.

    `sealed_key` is the encrypted key of its authenticator app, `last_step` the newest code that was used, `recovery`
    the hashes of the recovery codes that are left.
    """

    user = models.OneToOneField(User, on_delete=models.CASCADE, related_name="break_glass")
    sealed_key = models.BinaryField()
    last_step = models.BigIntegerField(default=0)
    recovery = models.JSONField(default=list)

    class Meta:
        constraints = [models.CheckConstraint(condition=models.Q(id=1), name="break_glass_single_row")]


class BreakGlassUse(models.Model):
    """A sign-in of the local account; shown to every administrator until one takes note."""

    username = models.CharField(max_length=150)
    address = models.CharField(max_length=64, blank=True)
    used_at = models.DateTimeField(default=timezone.now)
    acknowledged_at = models.DateTimeField(null=True, blank=True)
    acknowledged_by = models.CharField(max_length=200, blank=True)


class Allowance(models.Model):
    """How much of a limit is used in the window that ends at `until`."""

    key = models.CharField(primary_key=True, max_length=80)
    used = models.IntegerField()
    until = models.DateTimeField(db_index=True)
