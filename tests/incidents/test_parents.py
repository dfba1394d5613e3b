"""The database itself refuses a row that names the directory, incident or alert of another customer."""

from uuid import UUID

import pytest
from django.core.management import call_command
from django.db import IntegrityError, connection, transaction

from incidents.models import Alert, Evidence, Incident
from simulator.stories import STORIES
from tenants import connecting
from tenants.models import Tenant


@pytest.fixture
def two(world, transactional_db) -> list[Tenant]:
    """Two customers with an incident each."""
    made = []
    for directory in list(world.tenants.values())[:2]:
        directory.add_story(world.now, STORIES[1])
        made.append(connecting.connect(directory.name, UUID(directory.id)))
    call_command("sync", verbosity=0)
    return made


def run(statement: str, *values: object) -> None:
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement, values)


@pytest.mark.parametrize("table", ["incident", "alert", "syncstate"])
def test_a_row_cannot_change_its_customer(two, table):
    with pytest.raises(IntegrityError):
        run(f"UPDATE incidents_{table} SET customer_id = %s WHERE tenant_id = %s", two[1].customer_id, two[0].pk)


def test_an_alert_cannot_move_to_an_incident_of_another_customer(two):
    strange = Incident.objects.get(tenant=two[1])
    with pytest.raises(IntegrityError, match="same customer"):
        run("UPDATE incidents_alert SET incident_id = %s WHERE tenant_id = %s", strange.pk, two[0].pk)


def test_evidence_cannot_name_an_alert_of_another_customer_or_none(two):
    strange = Alert.objects.filter(tenant=two[1]).first()
    row = {"tenant": two[0], "customer": two[0].customer, "position": 99, "kind": "device"}
    for alert in (strange.pk, UUID(int=7)):
        with pytest.raises(IntegrityError, match="same customer"), transaction.atomic():
            Evidence.objects.create(alert_id=alert, **row)
    with pytest.raises(IntegrityError, match="same customer"):
        run("UPDATE incidents_evidence SET customer_id = %s WHERE tenant_id = %s", two[1].customer_id, two[0].pk)


def test_an_incident_with_alerts_stays_and_an_alert_takes_its_evidence_along(two):
    with pytest.raises(IntegrityError, match="stays"):
        run("DELETE FROM incidents_incident WHERE tenant_id = %s", two[0].pk)
    run("DELETE FROM incidents_alert WHERE tenant_id = %s", two[0].pk)
    assert not Evidence.objects.filter(tenant=two[0]).exists()
    assert Evidence.objects.filter(tenant=two[1]).exists()
    run("DELETE FROM incidents_incident WHERE tenant_id = %s", two[0].pk)
