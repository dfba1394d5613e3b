"""A worker proves the consent: one attempt for each claim, patient with Entra, and never blaming a customer for us."""

import time
from datetime import timedelta
from uuid import UUID

import pytest
from django.db import connection
from django.utils import timezone

from portal.celery import app
from tenants import invitations, proving, tasks
from tenants.models import Invitation, Tenant

pytestmark = pytest.mark.django_db
READ = {"SecurityIncident.Read.All", "SecurityAlert.Read.All"}


@pytest.fixture
def approved(invitation, directory):
    """The invitation, with a consent that a worker has not looked at yet."""
    return approve(invitation, directory)


def approve(invitation, directory, **changes):
    now = timezone.now()
    fields = {"entra_id": UUID(directory.id), "approver": f"hanne@{directory.domain}", "proof_began_at": now,
              "proof_due_at": now} | changes  # fmt: skip
    Invitation.objects.filter(pk=invitation.pk).update(**fields)
    invitation.refresh_from_db()
    return invitation


def attempt(invitation):
    """One attempt, due or not; the invitation after it."""
    Invitation.objects.filter(pk=invitation.pk, proof_due_at__isnull=False).update(proof_due_at=timezone.now())
    proving.attempt(proving.claim_due())
    invitation.refresh_from_db()
    return invitation


def kinds(invitation):
    return list(invitation.events.order_by("pk").values_list("kind", flat=True))


def test_a_consent_is_proved_and_the_directory_connected(approved, directory):
    tasks.prove()
    approved.refresh_from_db()
    tenant = Tenant.objects.get()
    assert (approved.state, approved.tenant, approved.proof_due_at) == ("connected", tenant, None)
    assert (tenant.customer, str(tenant.entra_id), tenant.domain) == (approved.customer, directory.id, directory.domain)
    assert (tenant.state, tenant.can_write) == ("connected", True)
    assert kinds(approved) == ["invited", "connected"]


def test_nothing_is_asked_before_an_approval(invitation, world):
    tasks.prove()
    assert proving.claim_due() is None
    assert Invitation.objects.get().state == "waiting"


def test_while_entra_spreads_the_consent_it_is_asked_again_with_growing_pauses(approved, directory):
    directory.consented = False
    pauses = []
    for _ in range(7):
        before = timezone.now()
        attempt(approved)
        pauses.append(round((approved.proof_due_at - before).total_seconds()))
    assert pauses == [3, 5, 10, 20, 30, 30, 30]
    assert (approved.state, approved.error_kind) == ("proving", "consent_missing")
    assert "AADSTS" in approved.error_code
    directory.consented = True
    assert attempt(approved).state == "connected"
    assert approved.error == ""
    assert kinds(approved) == ["invited", "delayed", "connected"]


def test_after_a_quarter_of_an_hour_it_has_failed_and_says_why(approved, directory):
    directory.consented = False
    approve(approved, directory, proof_began_at=timezone.now() - timedelta(minutes=15))
    attempt(approved)
    assert (approved.state, approved.error_kind, approved.proof_due_at) == ("failed", "consent_missing", None)
    assert "no consent" in approved.error
    assert kinds(approved)[-1] == "failed"
    assert not Tenant.objects.exists()


@pytest.mark.parametrize("missing", sorted(READ))
def test_a_part_of_the_consent_is_waited_for_and_then_named(approved, directory, missing):
    directory.roles = READ - {missing}
    assert attempt(approved).state == "proving"
    approve(approved, directory, proof_began_at=timezone.now() - timedelta(minutes=15))
    assert attempt(approved).state == "failed"
    assert missing in approved.error
    assert not Tenant.objects.exists()


def test_a_fault_of_ours_is_never_the_customers(approved, directory, world, settings):
    approve(approved, directory, proof_began_at=timezone.now() - timedelta(hours=2))
    settings.ENTRA_CLIENT_SECRET = "expired"
    attempt(approved)
    assert (approved.state, approved.error_kind) == ("proving", "ours")
    settings.ENTRA_CLIENT_SECRET = ""
    attempt(approved)
    assert (approved.state, approved.error_kind) == ("proving", "ours")
    assert "ENTRA_CLIENT_SECRET" in approved.error
    settings.ENTRA_CLIENT_SECRET = world.client_secret
    directory.consented = False
    # Our two hours have not used up the customer's quarter of an hour.
    assert attempt(approved).state == "proving"
    directory.consented = True
    assert attempt(approved).state == "connected"


def test_a_refusal_that_no_waiting_mends_fails_at_once(approved, directory, world):
    world.faults.add("code", value=53003, host="entra")
    attempt(approved)
    assert (approved.state, approved.error_kind, approved.error_code) == ("failed", "blocked_by_policy", "AADSTS53003")


def test_a_directory_that_became_anothers_meanwhile_is_not_moved(approved, tenant, directory):
    other = invitations.invite("Somebody else", "it@else.example")
    Invitation.objects.filter(pk=approved.pk).update(proof_due_at=None)
    approve(other, directory)
    attempt(other)
    assert (other.state, other.error_kind, other.used_at) == ("failed", "taken", None)
    assert tenant.customer.name not in other.error
    assert Tenant.objects.get().customer == tenant.customer


def test_asking_again_proves_a_directory_that_was_disconnected(invitation, tenant, directory):
    Tenant.objects.update(state=Tenant.State.DISCONNECTED, disconnected_at=timezone.now())
    attempt(approve(invitation, directory))
    again = Tenant.objects.get()
    assert (again.pk, again.state, again.disconnected_at) == (tenant.pk, "connected", None)


def test_a_customer_may_have_a_second_directory(tenant, world):
    second = world.tenant("Mora Clinics")
    invitation = invitations.invite(tenant.customer.name, "it@mora.example")
    attempt(approve(invitation, second))
    assert tenant.customer.tenants.connected().count() == 2


def test_a_link_cancelled_during_an_attempt_connects_nothing(approved):
    claimed = proving.claim_due()
    invitations.cancel(approved)
    proving.attempt(claimed)
    assert Invitation.objects.get().state == "cancelled"
    assert not Tenant.objects.exists()


def test_an_attempt_for_an_older_approval_changes_nothing(approved, directory, world):
    claimed = proving.claim_due()
    second = world.tenant("Mora Clinics")
    second.consented = False
    approve(approved, second, proof_attempts=0)
    proving.attempt(claimed)
    approved.refresh_from_db()
    assert (approved.state, str(approved.entra_id)) == ("proving", second.id)
    assert not Tenant.objects.exists()


def test_a_claim_is_anothers_again_when_its_worker_is_gone(approved):
    claimed = proving.claim_due()
    assert proving.claim_due() is None
    Invitation.objects.update(proof_due_at=timezone.now())
    assert proving.claim_due().proof_attempts == claimed.proof_attempts + 1
    proving.attempt(claimed)
    assert Invitation.objects.get().state == "proving"


@pytest.mark.django_db(transaction=True)
def test_two_workers_do_not_claim_the_same_proof(approved):
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
    other = connection.copy()
    try:
        with other.cursor() as cursor:
            cursor.execute("BEGIN")
            cursor.execute("SELECT 1 FROM tenants_invitation WHERE id = %s FOR UPDATE", [approved.pk])
            assert proving.claim_due() is None
            cursor.execute("ROLLBACK")
    finally:
        other.close()
    assert proving.claim_due() == approved


def test_a_broker_that_is_away_costs_one_tick_and_no_page(settings, caplog):
    settings.REDIS_URL = "redis://127.0.0.1:1/0"
    app.amqp._producer_pool = app._pool = None
    try:
        began = time.monotonic()
        tasks.wake()
        assert time.monotonic() - began < 5
    finally:
        app.amqp._producer_pool = app._pool = None
    assert "next tick" in caplog.text


@pytest.mark.parametrize(
    ("username", "domain"),
    [("hanne@halden.example", "halden.example"), ("a_b.example#EXT#@Fabrikam.onmicrosoft.com", "fabrikam.onmicrosoft.com"),
     ("", ""), ("hanne", ""), ("x@<b>.example", ""), ("x@" + "a" * 300 + ".example", ""), ("x@localhost", "")],
)  # fmt: skip
def test_a_domain_is_taken_from_a_sign_in_name_when_it_is_one(username, domain):
    assert proving.domain_of(username) == domain


def test_the_beat_finds_the_task(settings):
    entry = settings.CELERY_BEAT_SCHEDULE["prove"]
    assert entry["task"] == tasks.prove.name
    assert tasks.prove.app.main == "utkik"
