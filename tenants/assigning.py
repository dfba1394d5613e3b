"""Which analysts look after which customers, one by one or by group; it counts from the next request on."""

from collections.abc import Collection, Iterable

from django.core.exceptions import ValidationError
from django.db import transaction

from accounts import audit
from accounts.audit import Action
from accounts.models import User
from tenants.models import Customer, CustomerGroup


@transaction.atomic
def assign(analyst: User, customers: Iterable[Customer]) -> None:
    """These customers and no others are the analyst's own; those that come with a group are not touched."""
    # One after another: two pages saved at one moment must not both be right about what there was before.
    User.objects.select_for_update().get(pk=analyst.pk)
    wanted = {customer.pk: customer for customer in customers}
    had = {customer.pk: customer for customer in Customer.objects.filter(analysts=analyst)}
    analyst.customers.set(wanted.values())
    for action, changed in ((Action.ASSIGN, wanted.keys() - had.keys()), (Action.UNASSIGN, had.keys() - wanted.keys())):
        for pk in sorted(changed):
            after = {"customer": (wanted.get(pk) or had[pk]).name}
            audit.record(action, audit.person(analyst), customer_id=pk, after=after)


@transaction.atomic
def keep_group(
    group: CustomerGroup, name: str, customers: Collection[Customer], analysts: Collection[User]
) -> CustomerGroup:
    """Make the group or change it; ValidationError when the name cannot be used."""
    before = None
    if group.pk:
        group = CustomerGroup.objects.select_for_update().get(pk=group.pk)
        before = composition(group)
    group.name = " ".join(name.split())
    if not group.name.isprintable():
        raise ValidationError({"name": "The name holds characters that nobody can see."})
    group.full_clean()
    group.save()
    group.customers.set(customers)
    group.analysts.set(analysts)
    after = composition(group)
    if after != before:
        audit.record(Action.GROUP, audit.Subject("group", str(group.pk), group.name), before=before, after=after)
    return group


@transaction.atomic
def remove_group(group: CustomerGroup) -> None:
    """Its analysts lose the customers that they had through it alone."""
    subject, before = audit.Subject("group", str(group.pk), group.name), composition(group)
    group.delete()
    audit.record(Action.GROUP, subject, before=before)


def composition(group: CustomerGroup) -> dict[str, object]:
    """What is in a group, as the audit trail keeps it: names, since nobody could look the rows up later."""
    analysts = sorted(group.analysts.values_list("name", "username"))
    return {
        "name": group.name,
        "customers": list(group.customers.order_by("name").values_list("name", flat=True)),
        "analysts": [name or username for name, username in analysts],
    }
