from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from tenants.models.customers import Customer, Tenant

LINK_LIFETIME = timedelta(days=14)
CONSENT_LIFETIME = timedelta(minutes=15)


class InvitationQuerySet(models.QuerySet["Invitation"]):
    def visible_to(self, user: User) -> "InvitationQuerySet":
        """The invitations of the customers whom a person of the provider sees; they are no customer's to read."""
        if not user.is_authenticated or user.role == User.Role.CUSTOMER:
            return self.none()
        return self.filter(customer__in=Customer.objects.visible_to(user))


def link_end() -> datetime:
    return timezone.now() + LINK_LIFETIME


class Invitation(models.Model):
    """A link that lets a customer's administrator approve us; its row is the ledger of the proof that follows.

    The link is made from `nonce` and the secret key (see `invitations.link`), so whoever reads the database has none.
    """

    class State(models.TextChoices):
        WAITING = "waiting", _("Waiting for approval")
        PROVING = "proving", _("Being checked")
        CONNECTED = "connected", _("Connected")
        FAILED = "failed", _("Failed")
        EXPIRED = "expired", _("Link expired")
        CANCELLED = "cancelled", _("Link cancelled")

    customer = models.ForeignKey(Customer, on_delete=models.PROTECT, related_name="invitations")
    email = models.EmailField(_("e-mail"))
    nonce = models.CharField(max_length=43, unique=True, editable=False)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    expires_at = models.DateTimeField(default=link_end)
    cancelled_at = models.DateTimeField(null=True, blank=True)
    used_at = models.DateTimeField(null=True, blank=True)

    # What came out of the last consent: the directory that signed in, and the words it has for who approved.
    entra_id = models.UUIDField(_("directory (tenant) ID"), null=True, blank=True)
    approver = models.CharField(_("approved by"), max_length=150, blank=True)
    tenant = models.ForeignKey(Tenant, null=True, blank=True, on_delete=models.SET_NULL, related_name="invitations")

    # The proof: due again at `proof_due_at`, which is empty when there is none to make.
    proof_due_at = models.DateTimeField(null=True, blank=True)
    proof_began_at = models.DateTimeField(null=True, blank=True)
    proof_attempts = models.PositiveIntegerField(default=0)

    # What stopped the last person or the last attempt; the error is one sentence for the provider's people.
    error_kind = models.CharField(max_length=40, blank=True)
    error = models.CharField(max_length=500, blank=True)
    error_code = models.CharField(max_length=40, blank=True)

    objects = InvitationQuerySet.as_manager()

    class Meta:
        ordering = ["-created_at", "-pk"]
        indexes = [
            models.Index("proof_due_at", name="invitation_due", condition=models.Q(proof_due_at__isnull=False)),
        ]
        # As with directories: the target of foreign keys that carry the customer (migration 0006).
        constraints = [models.UniqueConstraint(fields=["customer", "id"], name="invitation_of_customer")]

    def __str__(self) -> str:
        return f"{self.customer.name} ({self.email})"

    @property
    def state(self) -> Any:
        """A member of State; to the type checker it is Any, as the value of a field is."""
        if self.used_at:
            return self.State.CONNECTED
        if self.cancelled_at:
            return self.State.CANCELLED
        if self.proof_due_at:
            return self.State.PROVING
        if self.expires_at <= timezone.now():
            return self.State.EXPIRED
        return self.State.FAILED if self.proof_began_at else self.State.WAITING

    @property
    def is_open(self) -> bool:
        """Whether somebody may still approve by this link, be it again."""
        return not self.used_at and not self.cancelled_at and self.expires_at > timezone.now()


class InvitationEventQuerySet(models.QuerySet["InvitationEvent"]):
    def visible_to(self, user: User) -> "InvitationEventQuerySet":
        return self.filter(invitation__in=Invitation.objects.visible_to(user))


class InvitationEvent(models.Model):
    """What happened with an invitation; rows are added and never changed."""

    class Kind(models.TextChoices):
        INVITED = "invited", _("Link made")
        OPENED = "opened", _("Link opened")
        CONTINUED = "continued", _("Went on to Microsoft")
        SIGN_IN_REFUSED = "sign_in_refused", _("Sign-in failed")
        SIGNED_IN = "signed_in", _("Signed in at Microsoft")
        WRONG_DIRECTORY = "wrong_directory", _("Wrong directory")
        DECLINED = "declined", _("Declined")
        NOT_ADMINISTRATOR = "not_administrator", _("Not an administrator")
        STOPPED = "stopped", _("Stopped by Microsoft")
        REPLAYED = "replayed", _("An answer came twice")
        CONSENTED = "consented", _("Approved")
        DELAYED = "delayed", _("Not yet confirmed")
        CONNECTED = "connected", _("Connected")
        FAILED = "failed", _("Check failed")
        CANCELLED = "cancelled", _("Link cancelled")

    customer = models.ForeignKey(Customer, on_delete=models.PROTECT, related_name="+")
    invitation = models.ForeignKey(Invitation, on_delete=models.CASCADE, related_name="events")
    at = models.DateTimeField(default=timezone.now, editable=False)
    kind = models.CharField(max_length=20, choices=Kind)
    code = models.CharField(max_length=40, blank=True)
    detail = models.CharField(max_length=500, blank=True)

    objects = InvitationEventQuerySet.as_manager()

    class Meta:
        ordering = ["-at", "-pk"]
        indexes = [models.Index(fields=["invitation", "-at"], name="invitation_log")]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} {self.code}".strip()


def consent_end() -> datetime:
    return timezone.now() + CONSENT_LIFETIME


class ConsentState(models.Model):
    """The `state` of one journey to Microsoft's consent page, good for one answer in one browser.

    Only hashes (SHA-256, hexadecimal) are kept of what the browser and Microsoft know.
    """

    state_hash = models.CharField(max_length=64, unique=True)
    browser_hash = models.CharField(max_length=64)
    customer = models.ForeignKey(Customer, on_delete=models.PROTECT, related_name="+")
    invitation = models.ForeignKey(Invitation, on_delete=models.CASCADE, related_name="consent_states")
    tid = models.UUIDField()
    username = models.CharField(max_length=150, blank=True)
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    expires_at = models.DateTimeField(default=consent_end)
    used_at = models.DateTimeField(null=True, blank=True)

    def __str__(self) -> str:
        return f"{self.invitation}, {self.created_at:%Y-%m-%d %H:%M}"
