"""Reads for the pages of people: who may come in, in which role, and what each of them looks after."""

from collections.abc import Iterable
from dataclasses import dataclass

from django.db.models import Count, Q, QuerySet
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from tenants.models import Customer, Tenant

VIEWS = {
    "staff": (_("Staff"), Q(role__in=User.STAFF, is_active=True)),
    "customers": (_("Customers' people"), Q(role=User.Role.CUSTOMER, is_active=True)),
    "inactive": (_("Deactivated"), Q(is_active=False)),
}
PAGE_SIZE = 100


@dataclass(frozen=True)
class Row:
    """A person in the list; `looks_after` says whose facts the person sees."""

    user: User
    looks_after: str


def listing(user: User, view: str, text: str, page: int) -> tuple[list[Row], bool]:
    """One page of the people whom the words find, and whether there is another."""
    found = User.objects.visible_to(user).filter(VIEWS[view][1])
    if text:
        found = found.filter(Q(name__icontains=text) | Q(email__icontains=text) | Q(username__iexact=text))
    start = (page - 1) * PAGE_SIZE
    people = list(found.order_by("name", "username")[start : start + PAGE_SIZE + 1])
    return rows(people[:PAGE_SIZE]), len(people) > PAGE_SIZE


def rows(people: list[User]) -> list[Row]:
    owners = customers_of(people)
    numbers = assigned(people)
    return [Row(person, looks_after(person, owners, numbers)) for person in people]


def looks_after(person: User, owners: dict[object, str], numbers: dict[int, int]) -> str:
    if person.role in (User.Role.ADMINISTRATOR, User.Role.MANAGER):
        return str(_("All customers"))
    if person.role == User.Role.CUSTOMER:
        return owners.get(person.tid, "")
    return str(_("Assigned to %(n)s") % {"n": numbers.get(person.pk, 0)})


def customers_of(people: Iterable[User]) -> dict[object, str]:
    """The customer's name for each directory that people come from."""
    tids = {person.tid for person in people if person.role == User.Role.CUSTOMER}
    return dict(Tenant.objects.filter(entra_id__in=tids).values_list("entra_id", "customer__name"))


def assigned(people: Iterable[User]) -> dict[int, int]:
    """How many customers each analyst sees, singly and by group, each customer once."""
    analysts = [person for person in people if person.role == User.Role.ANALYST]
    pairs = set(Customer.analysts.through.objects.filter(user__in=analysts).values_list("user", "customer"))
    grouped = User.objects.filter(pk__in=[person.pk for person in analysts], customer_groups__customers__isnull=False)
    pairs |= set(grouped.values_list("pk", "customer_groups__customers"))
    numbers: dict[int, int] = {}
    for user, _customer in pairs:
        numbers[user] = numbers.get(user, 0) + 1
    return numbers


def counts(user: User) -> dict[str, int]:
    totals: dict[str, int] = User.objects.visible_to(user).aggregate(
        **{view: Count("pk", filter=condition) for view, (_label, condition) in VIEWS.items()}
    )
    return totals


def analysts(user: User) -> QuerySet[User]:
    """The deactivated too, so that saving a group does not take them out of it."""
    return User.objects.visible_to(user).filter(role=User.Role.ANALYST).order_by("name", "username")


def customer_id(person: User) -> int | None:
    """Whose person it is; None for the provider's own."""
    if person.role != User.Role.CUSTOMER:
        return None
    return Tenant.objects.filter(entra_id=person.tid).values_list("customer", flat=True).first()
