"""A credential of ours that Microsoft refuses stops all reads, blames no customer and heals by itself."""

from uuid import UUID

import pytest
from django.utils import timezone

from incidents import breaker, sync
from incidents.models import Breaker, SyncState
from tenants import connecting
from tenants.models import Tenant

pytestmark = pytest.mark.django_db


@pytest.fixture
def both(tenant, world):
    other = world.tenant("Mora Clinics")
    return [tenant, connecting.connect(other.name, UUID(other.id))]


@pytest.fixture
def refused(both, settings):
    """Both directories were asked with a secret that is wrong."""
    good, settings.ENTRA_CLIENT_SECRET = settings.ENTRA_CLIENT_SECRET, "wrong"
    for tenant in both:
        sync.pull(tenant)
    yield good
    settings.ENTRA_CLIENT_SECRET = good


def probe_now():
    Breaker.objects.update(probe_at=timezone.now())


def test_refusals_in_two_directories_open_it(refused):
    assert breaker.is_open()
    assert breaker.admitted(32) == 0


def test_one_directory_alone_does_not_when_there_are_more(both, settings):
    settings.ENTRA_CLIENT_SECRET = "wrong"
    sync.pull(both[0])
    sync.pull(both[0])
    assert Breaker.objects.get().failures >= breaker.FAILURES
    assert not breaker.is_open()


def test_no_customer_is_blamed(refused):
    owners = set(SyncState.objects.exclude(error="").values_list("error_owner", flat=True))
    assert owners == {"us"}
    assert Tenant.objects.connected().count() == 2


def test_one_probe_at_a_time_is_let_through(refused):
    probe_now()
    assert [breaker.admitted(32), breaker.admitted(32)] == [1, 0]


def test_the_first_answer_closes_it_and_makes_all_due(refused, both, settings):
    settings.ENTRA_CLIENT_SECRET = refused
    assert sync.pull(both[0]).error == ""
    assert not breaker.is_open()
    assert breaker.admitted(32) == 32
    due = SyncState.objects.filter(tenant=both[1], stream__in=SyncState.LIVE, due_at__lte=timezone.now())
    assert due.count() == 2


def test_a_customers_fault_does_not_count(both, world):
    world.tenant("Mora Clinics").consented = False
    sync.cloud.door.cache_clear()
    sync.pull(both[1])
    assert not Breaker.objects.exists()
