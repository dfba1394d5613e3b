"""A customer with incidents that can be written back, and somebody who works on them."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection, transaction
from django.utils import timezone

from accounts.models import User
from incidents import budget, sync
from incidents.models import Alert, Budget, Edit, Incident
from incidents.triage import acts, asking, carrying, claims
from simulator.world import Tenant as Directory
from simulator.world import World
from tenants import cloud
from tenants.models import Tenant

Read = Callable[[], Incident]


@pytest.fixture
def incident(tenant: Tenant, directory: Directory, world: World) -> Incident:
    """Incident 1 of Halden Energi, read, with its alerts."""
    directory.add_story(world.now, kind="malware", hostile=False)
    world.advance(3600)
    directory.events.clear()
    sync.pull(tenant)
    return Incident.objects.get(microsoft_id="1")


@pytest.fixture
def ines(db: None) -> User:
    return User.objects.create_user("ines", name="Ines Ahlgren", email="ines@northwatch.example", role="administrator")


def done(user: User, act: Callable[..., acts.Act], *items: Any, **options: Any) -> asking.Outcome:
    """The act, as a page asks for it."""
    made = act(user, **options)
    with transaction.atomic():
        return made.perform(asking.locked(user, type(items[0]), [item.pk for item in items]))


def due() -> None:
    """Time goes on until all that is pending is due, and what is on its way has arrived."""
    Edit.objects.filter(state="pending").update(due_at=timezone.now())
    past = timezone.now() - claims.SETTLED - timedelta(seconds=1)
    Edit.objects.filter(state="pending", sent_at__isnull=False).update(sent_at=past)


def carried() -> list[str]:
    """A worker carries what is due, one edit after another; how each stands after it."""
    due()
    stands = []
    while claimed := claims.claim_due():
        Budget.objects.update(remaining=budget.most())
        carrying.carry(claimed[0])
        stands.append(str(Edit.objects.get(pk=claimed[0].pk).state))
    return stands


def row(item: Incident | Alert) -> Any:
    return type(item).objects.get(pk=item.pk)


def forgotten() -> None:
    """Tokens, as a new worker begins without any."""
    cloud.door.cache_clear()


def steps(incident: Incident) -> list[tuple[str, str, str]]:
    """What history tells of the incident."""
    rows = incident.changes.filter(alert=None).exclude(field="created").order_by("pk")
    return list(rows.values_list("field", "before", "after"))


def trail() -> list[tuple[str, str, str]]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT action, outcome, actor_kind FROM accounts_auditentry WHERE action IN "
            "('edit', 'undo', 'hold', 'wake') ORDER BY id"
        )
        return cursor.fetchall()
