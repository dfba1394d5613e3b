from typing import Self

from django.db import models

from accounts.models import User
from tenants.models import Customer, Tenant


class OwnedQuerySet(models.QuerySet[models.Model]):
    def visible_to(self, user: User) -> Self:
        """The rows of the customers whom the person may see."""
        return self.filter(customer__in=Customer.objects.visible_to(user))


class Owned(models.Model):
    """What belongs to one directory of one customer; the customer stands in every row, as the key of isolation.

    In the database customer, tenant and parent are held together (migration 0002), so that no row can name the
    directory, incident or alert of another customer.
    """

    customer = models.ForeignKey(
        Customer, on_delete=models.PROTECT, related_name="+", db_index=False, db_constraint=False
    )
    tenant = models.ForeignKey(Tenant, on_delete=models.PROTECT, related_name="+", db_index=False, db_constraint=False)

    objects = OwnedQuerySet.as_manager()

    class Meta:
        abstract = True
