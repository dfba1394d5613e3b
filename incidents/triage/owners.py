"""Who may own an incident: those of our own people who may see its customer and work on it."""

from collections.abc import Collection

from django.db.models import Q, QuerySet

from accounts.models import User
from tenants.models import Customer, CustomerGroup

ROLES = (User.Role.ADMINISTRATOR, User.Role.ANALYST)


def written(user: User) -> str:
    """The person as Microsoft's field of the owner has it."""
    return str(user.email or user)


def of_customers(customers: Collection[int]) -> QuerySet[User]:
    """The people who may own what is of any of these customers."""
    singly = Customer.analysts.through.objects.filter(customer__in=customers).values("user")
    groups = CustomerGroup.customers.through.objects.filter(customer__in=customers).values("customergroup")
    grouped = CustomerGroup.analysts.through.objects.filter(customergroup__in=groups).values("user")
    seeing = Q(role=User.Role.ADMINISTRATOR) | Q(role=User.Role.ANALYST) & (Q(pk__in=singly) | Q(pk__in=grouped))
    return User.objects.filter(seeing, is_active=True).order_by("name", "username")
