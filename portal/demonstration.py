"""The demo's world as our side of it knows it: people with roles, customers in every state that a provider meets.

Runs in a process of its own with the demo's settings. What has been done already is left as it is, so that a second
start goes on where the first one was.
"""

import json
import urllib.request
from collections.abc import Callable
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from accounts import grants
from accounts.models import User
from incidents import sync
from incidents.models import Incident
from tenants import cloud, connecting, invitations
from tenants.models import Customer, Invitation, Tenant

# By name: the rest of the customers is connected and well.
INVITED, REVOKED, THROTTLED = "Vesper Hotels", "Mora Clinics", "Halden Energi"
ONE_IN = 6  # requests of which one is answered
ANALYSTS = (slice(0, 7), slice(5, 12))  # of the customers in order; two have both analysts
ROLES: tuple[tuple[str, Any], ...] = (
    ("ines.ahlgren", User.Role.ADMINISTRATOR),
    ("jonas.dahl", User.Role.ANALYST),
    ("elif.okafor", User.Role.ANALYST),
    ("karin.moreau", User.Role.MANAGER),
)

Say = Callable[[str], Any]


def prepare(say: Say) -> None:
    """Fill the database from the simulated cloud, and write down for the sign-in page who can sign in."""
    world = ordered("world")
    connect(world, say)
    staff = [granted(world, name, role) for name, role in ROLES]
    assign([user for user in staff if user.role == User.Role.ANALYST])
    invitation = invite(world)
    write_people(world, staff, invitation)


def connect(world: dict[str, Any], say: Say) -> None:
    """Connect and read everybody but the one who is still invited; then let two of them get into trouble."""
    known = set(Tenant.objects.values_list("entra_id", flat=True))
    fresh = [tenant for tenant in world["tenants"] if tenant["name"] != INVITED and UUID(tenant["id"]) not in known]
    for number, found in enumerate(fresh, 1):
        if found["name"] == THROTTLED:
            # So far Microsoft has answered; else ninety days would take an hour.
            ordered(f"tenants/{found['id']}/throttle", {"every": 0})
        tenant = connecting.connect(found["name"], UUID(found["id"]))
        Tenant.objects.filter(pk=tenant.pk).update(domain=found["domain"])
        sync.pull(tenant)
        read = Incident.objects.filter(tenant=tenant).count()
        say(f"  {number:2} of {len(fresh)}  {found['name']}: {read} incidents")
        if found["name"] in (REVOKED, THROTTLED):
            trouble(tenant)


def trouble(tenant: Tenant) -> None:
    """The customer's administrator takes back what was given, or Microsoft asks us to wait."""
    verb, body = ("revoke", {}) if tenant.customer.name == REVOKED else ("throttle", {"every": ONE_IN})
    ordered(f"tenants/{tenant.entra_id}/{verb}", body)
    # A token that we hold would still be good for an hour.
    cloud.door.cache_clear()
    sync.pull(tenant)


def granted(world: dict[str, Any], login: str, role: User.Role) -> User:
    person = next(each for each in world["people"] if each["username"].startswith(f"{login}@"))
    user = User.objects.of(person["tid"], person["oid"])
    return user or grants.grant(UUID(person["tid"]), UUID(person["oid"]), role, person["name"])[0]


@transaction.atomic
def assign(analysts: list[User]) -> None:
    customers = list(Customer.objects.order_by("name"))
    for analyst, part in zip(analysts, ANALYSTS, strict=True):
        if not analyst.customers.exists():
            analyst.customers.set(customers[part])


def invite(world: dict[str, Any]) -> Invitation:
    """The link of the customer who has not approved yet; a used one stays what it is."""
    known = Invitation.objects.filter(customer__name=INVITED).order_by("-pk").first()
    if known and (known.used_at or known.expires_at > timezone.now()):
        return known
    return invitations.invite(INVITED, administrator(world, INVITED)["username"])


def administrator(world: dict[str, Any], customer: str) -> dict[str, Any]:
    """The person of the customer who may approve an application."""
    tid = next(tenant["id"] for tenant in world["tenants"] if tenant["name"] == customer)
    found: dict[str, Any] = next(each for each in world["people"] if each["tid"] == tid and each["may_consent"])
    return found


def write_people(world: dict[str, Any], staff: list[User], invitation: Invitation) -> None:
    customer = administrator(world, next(each["name"] for each in world["tenants"]))
    rows = [
        person(user.name, user.email or username(world, user), user.get_role_display(), told(user)) for user in staff
    ]
    rows.append(person(customer["name"], customer["username"], "Customer", customer["title"]))
    page = settings.STATE_DIR / "people.json"
    page.write_text(json.dumps(rows, ensure_ascii=False), encoding="utf-8")
    (settings.STATE_DIR / "invitation").write_text(invitations.link(invitation), encoding="utf-8")


def told(user: User) -> str:
    return f"{user.customers.count()} of {Customer.objects.count()} customers" if user.role == User.Role.ANALYST else ""


def person(name: str, username: str, role: str, title: str) -> dict[str, str]:
    return {"name": name, "username": username, "title": title, "role": role}


def username(world: dict[str, Any], user: User) -> str:
    return next(str(each["username"]) for each in world["people"] if each["oid"] == str(user.oid))


def ordered(path: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
    """The simulated cloud's answer to an order of the demo."""
    address = f"{settings.MICROSOFT_CLOUD_URL}/_simulator/{path}"
    data = None if body is None else json.dumps(body).encode()
    with urllib.request.urlopen(urllib.request.Request(address, data), timeout=30) as answer:  # nosec B310
        found: dict[str, Any] = json.load(answer)
    return found
