from django.conf import settings
from django.db import models
from django.db.models.functions import Lower
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models import User


class CustomerQuerySet(models.QuerySet["Customer"]):
    def visible_to(self, user: User) -> "CustomerQuerySet":
        """The customers whose facts the person may see; nothing for a stranger.

        Administrators and managers see all, analysts those they are assigned to, a customer's own person the
        customer whose directory the person signed in from.
        """
        if not user.is_authenticated or not user.is_active:
            return self.none()
        if user.role in (User.Role.ADMINISTRATOR, User.Role.MANAGER):
            return self.all()
        if user.role == User.Role.ANALYST:
            return self.assigned_to(user)
        return self.filter(tenants__entra_id=user.tid, tenants__state=Tenant.State.CONNECTED).distinct()

    def assigned_to(self, user: User) -> "CustomerQuerySet":
        """The customers that an analyst was assigned to, one by one or with a group."""
        singly = Customer.analysts.through.objects.filter(user=user).values("customer")
        grouped = CustomerGroup.customers.through.objects.filter(customergroup__analysts=user).values("customer")
        return self.filter(models.Q(pk__in=singly) | models.Q(pk__in=grouped))


class Customer(models.Model):
    """Who pays: one organisation that the provider watches over, with one or more directories."""

    name = models.CharField(_("name"), max_length=200)
    analysts = models.ManyToManyField(settings.AUTH_USER_MODEL, blank=True, related_name="customers")
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    objects = CustomerQuerySet.as_manager()

    class Meta:
        ordering = ["name"]
        constraints = [models.UniqueConstraint(Lower("name"), name="customer_name_any_case")]

    def __str__(self) -> str:
        return self.name

    @property
    def code(self) -> str:
        """Two letters that stand for the customer where there is little room."""
        words = [word for word in self.name.replace("-", " ").split() if word[0].isalnum()]
        letters = words[0][:2] if len(words) == 1 else "".join(word[0] for word in words[:2])
        return letters.upper()


class CustomerGroupQuerySet(models.QuerySet["CustomerGroup"]):
    def visible_to(self, user: User) -> "CustomerGroupQuerySet":
        """All for an administrator, who alone has to do with groups."""
        return self.all() if user.is_active and user.is_administrator else self.none()


class CustomerGroup(models.Model):
    """Customers that analysts are assigned to together."""

    name = models.CharField(_("name"), max_length=100)
    customers = models.ManyToManyField(Customer, blank=True, related_name="groups", verbose_name=_("customers"))
    analysts = models.ManyToManyField(
        settings.AUTH_USER_MODEL, blank=True, related_name="customer_groups", verbose_name=_("analysts")
    )

    objects = CustomerGroupQuerySet.as_manager()

    class Meta:
        ordering = ["name"]
        constraints = [
            models.UniqueConstraint(
                Lower("name"), name="customer_group_name_any_case", violation_error_message=_("There is one already.")
            )
        ]

    def __str__(self) -> str:
        return self.name


class TenantQuerySet(models.QuerySet["Tenant"]):
    def visible_to(self, user: User) -> "TenantQuerySet":
        return self.filter(customer__in=Customer.objects.visible_to(user))

    def connected(self) -> "TenantQuerySet":
        return self.filter(state=Tenant.State.CONNECTED)


class Tenant(models.Model):
    """One Entra directory of a customer.

    What Microsoft created before `connected_at` is of the past. Approving again while connected leaves it where it is
    and moves `approved_at` only.
    """

    class State(models.TextChoices):
        CONNECTED = "connected", _("Connected")
        DISCONNECTED = "disconnected", _("Disconnected")

    class Cloud(models.TextChoices):
        COMMERCIAL = "commercial", _("Commercial")

    customer = models.ForeignKey(Customer, on_delete=models.PROTECT, related_name="tenants")
    entra_id = models.UUIDField(_("directory (tenant) ID"), unique=True)
    domain = models.CharField(_("domain"), max_length=253, blank=True)
    cloud = models.CharField(_("cloud"), max_length=20, choices=Cloud, default=Cloud.COMMERCIAL)
    state = models.CharField(_("state"), max_length=20, choices=State, default=State.CONNECTED)
    can_write = models.BooleanField(_("may write back"), default=False)
    connected_at = models.DateTimeField(default=timezone.now)
    approved_at = models.DateTimeField(default=timezone.now)
    disconnected_at = models.DateTimeField(null=True, blank=True)

    objects = TenantQuerySet.as_manager()

    class Meta:
        ordering = ["customer__name", "entra_id"]
        # The pair is the target of foreign keys that carry the customer, so that no row can name another customer's.
        constraints = [models.UniqueConstraint(fields=["customer", "id"], name="tenant_of_customer")]

    def __str__(self) -> str:
        return f"{self.customer.name} ({self.entra_id})"
