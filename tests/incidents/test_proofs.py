"""Pages say how much is proven, in numbers, and claim nothing that was not counted."""

import re
from datetime import UTC, datetime, timedelta
from html import unescape
from uuid import uuid4

import pytest
from django.utils import timezone

from accounts.models import User
from incidents import days as days_of
from incidents import proofs
from incidents.models import DayCount, Gap
from tenants.models import Customer, Tenant

pytestmark = pytest.mark.django_db
MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)


def connected(name, state="connected"):
    customer = Customer.objects.create(name=name)
    return Tenant.objects.create(customer=customer, entra_id=uuid4(), connected_at=timezone.now(), state=state)


def counted(tenant, incidents=(412, 412), alerts=(90, 90), days=30, age=MINUTE, unnumbered=0):
    """Thirty counted days; the yesterday of each stream has these numbers at Microsoft and here."""
    today = datetime.now(UTC).date()
    for stream, (expected, found) in (("incidents", incidents), ("alerts", alerts)):
        DayCount.objects.bulk_create(
            DayCount(
                customer_id=tenant.customer_id, tenant=tenant, stream=stream, day=today - days_of.DAY * number,
                expected=None if number in range(2, 2 + unnumbered) else expected if number == 1 else 0,
                found=found if number == 1 else 0, counted_at=timezone.now() - age, listed_at=timezone.now() - age,
            )
            for number in range(days)
        )  # fmt: skip
        if expected > found:
            gap(tenant, stream)


def gap(tenant, stream, kind="count", **fields):
    owner = {"customer_id": tenant.customer_id, "tenant": tenant}
    return Gap.objects.create(**owner, stream=stream, kind=kind, low=stream, **fields)


def said(client, user, address="/"):
    """The words about completeness on a page, without their markup."""
    client.force_login(user)
    page = client.get(address).content.decode()
    part = re.search(r"(Not yet counted at Microsoft|<span title=\"Last 30 days.*?</span></span>)", page, re.DOTALL)
    return " ".join(unescape(re.sub(r"<[^>]+>", "", part[0])).split()) if part else ""


def now(age=MINUTE):
    return f"{timezone.now() - age:%H:%M}"


@pytest.fixture
def customer(db):
    return connected("Mora Clinics")


@pytest.mark.parametrize("page", ["/", "tenant"])
def test_what_is_complete_is_said_in_numbers(client, operator, customer, page):
    counted(customer)
    address = page if page == "/" else f"/tenants/{customer.pk}"
    assert said(client, operator, address) in (
        f"412 of 412, 0 gaps, as of {now()}",
        f"412 of 412, 0 gaps, as of {now(2 * MINUTE)}",
    )
    assert proofs.by_tenant(operator)[customer.pk].level == "ok"


def test_before_the_first_count_nothing_is_claimed(client, operator, customer):
    assert said(client, operator) == "Not yet counted at Microsoft"
    assert said(client, operator, f"/tenants/{customer.pk}") == "Not yet counted at Microsoft"
    assert proofs.overall(operator, 1).level == "pend"


def test_what_is_missing_is_named_by_its_stream(client, operator, customer):
    counted(customer, incidents=(412, 409), alerts=(90, 89))
    words = said(client, operator)
    assert words.startswith("409 of 412, 2 gaps (3 incidents missing, 1 alert missing), as of")
    assert proofs.overall(operator, 1).level == "warn"


def test_a_range_that_cannot_be_listed_is_a_gap_too_and_a_closed_one_is_none(client, operator, customer):
    counted(customer)
    gap(customer, "incidents", "poison")
    gap(customer, "alerts", closed_at=timezone.now())
    assert said(client, operator).startswith("412 of 412, 1 gap, as of")
    assert proofs.overall(operator, 1).level == "warn"


def test_what_only_we_have_is_no_gap(client, operator, customer):
    counted(customer, incidents=(412, 415))
    words = said(client, operator)
    assert words.startswith("412 of 412, 0 gaps, as of") and words.endswith("· Microsoft no longer has 3 of those here")
    assert proofs.overall(operator, 1).level == "ok"


def test_equal_numbers_of_different_incidents_are_no_proof(client, operator, customer):
    counted(customer)
    DayCount.objects.filter(stream="incidents", expected=412).update(missing=2, gone=1)
    gap(customer, "incidents")
    words = said(client, operator)
    assert words.startswith("410 of 412, 1 gap (2 incidents missing), as of")
    assert words.endswith("· Microsoft no longer has 1 of those here")
    assert proofs.overall(operator, 1).level == "warn"


def test_numbers_without_a_comparison_of_ids_are_no_proof_yet(client, operator, customer):
    counted(customer)
    DayCount.objects.filter(stream="alerts").update(listed_at=None)
    assert said(client, operator).endswith("1 directory not yet counted in full")
    assert proofs.overall(operator, 1).level == "pend"


def test_an_old_count_says_that_counting_has_stopped(client, operator, customer):
    counted(customer, age=3 * HOUR)
    assert "counting has stopped" in said(client, operator)
    assert proofs.overall(operator, 1).level == "warn"


def test_days_without_a_number_are_no_proof(client, operator, customer):
    counted(customer, unnumbered=2)
    assert "Microsoft gives no number for some days" in said(client, operator)
    assert proofs.overall(operator, 1).level == "warn"


def test_days_that_are_still_to_be_counted_are_no_proof(client, operator, customer):
    counted(customer, days=12)
    assert said(client, operator).endswith("1 directory not yet counted in full")
    assert said(client, operator, f"/tenants/{customer.pk}").endswith("not yet counted in full")
    assert proofs.overall(operator, 1).level == "pend"


def test_today_may_be_uncounted_for_an_hour(operator, customer):
    counted(customer)
    DayCount.objects.filter(day=datetime.now(UTC).date()).delete()
    assert proofs.overall(operator, 1).level == "ok"


def test_the_header_sums_up_and_is_as_old_as_its_oldest_count(client, operator, customer):
    counted(customer)
    counted(connected("Vesper Hotels"), incidents=(10, 9), age=HOUR)
    connected("Nordfjord Sparebank")
    proof = proofs.overall(operator, 3)
    assert (proof.incidents.here, proof.incidents.there, proof.alerts.here, proof.partly) == (421, 422, 180, 1)
    assert proof.as_of < timezone.now() - HOUR
    assert said(client, operator).endswith("1 directory not yet counted in full")


def test_a_disconnected_directory_is_not_in_the_header(operator, customer):
    counted(customer)
    counted(connected("Old Mill", "disconnected"), incidents=(10, 0), age=9 * HOUR)
    assert proofs.overall(operator, 1).incidents.there == 412


def test_nobody_sees_the_numbers_of_another_customer(client, customer, operator):
    own = connected("Vesper Hotels")
    counted(own, incidents=(10, 10))
    counted(customer, incidents=(412, 400))
    ids = {"tid": own.entra_id, "oid": uuid4()}
    visitor = User.objects.create_user("visitor", "correct horse", role=User.Role.CUSTOMER, **ids)
    assert set(proofs.by_tenant(visitor)) == {own.pk}
    assert said(client, visitor).startswith("10 of 10, 0 gaps, as of")


def test_the_time_stands_in_the_zone_of_the_person(client, operator, customer):
    counted(customer)
    User.objects.filter(pk=operator.pk).update(time_zone="Asia/Kolkata")
    operator.refresh_from_db()
    at = timezone.now() + timedelta(hours=5, minutes=30)
    assert re.search(rf"as of (\d+ \w+, )?({at - 2 * MINUTE:%H:%M}|{at - MINUTE:%H:%M})", said(client, operator))


@pytest.mark.parametrize("number", [1, 20])
def test_proofs_of_all_directories_cost_one_query(operator, django_assert_num_queries, number):
    for index in range(number):
        counted(connected(f"Customer {index}"), days=2)
    with django_assert_num_queries(1):
        assert len(proofs.by_tenant(operator)) == number
