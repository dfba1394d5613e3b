"""Every stored incident as a line of JSON, with Microsoft's own JSON inside it byte for byte."""

import json
from collections.abc import Iterator

from django.db import transaction

from incidents.models import Alert, Incident
from tenants.models import Customer

CHUNK = 200


def lines(customer: Customer | None = None) -> Iterator[str]:
    """Incidents, redirected ones too, each with its alerts; then the alerts without incident, their id null.

    All lines are of one moment: the reads share a transaction that sees a single snapshot.
    """
    with transaction.atomic():
        incidents = Incident.objects.select_related("customer", "tenant").prefetch_related("alerts")
        alone = Alert.objects.filter(incident=None).select_related("customer", "tenant")
        if customer:
            incidents, alone = incidents.filter(customer=customer), alone.filter(customer=customer)
        for incident in incidents.order_by("customer__name", "tenant", "pk").iterator(CHUNK):
            yield line(incident, sorted(incident.alerts.all(), key=lambda alert: alert.microsoft_id))
        for alert in alone.order_by("customer__name", "tenant", "pk").iterator(CHUNK):
            yield line_of_alert(alert)


def line(incident: Incident, alerts: list[Alert]) -> str:
    fields = {
        "customer": incident.customer.name,
        "tenant": str(incident.tenant.entra_id),
        "microsoft_id": incident.microsoft_id,
        "title": incident.title,
        "status": incident.status,
        "severity": incident.severity,
        "updated_at": incident.microsoft_updated_text,
        "redirected_to": incident.redirected_to or None,
    }
    return with_raw(fields, json_text(incident.raw), alerts)


def line_of_alert(alert: Alert) -> str:
    fields = {
        "customer": alert.customer.name,
        "tenant": str(alert.tenant.entra_id),
        "microsoft_id": None,
        "title": alert.title,
        "status": alert.status,
        "severity": alert.severity,
        "updated_at": alert.microsoft_updated_text,
        "redirected_to": None,
    }
    return with_raw(fields, "null", [alert])


def with_raw(fields: dict[str, str | None], raw: str, alerts: list[Alert]) -> str:
    """The stored JSON goes in as text, since parsing and writing it again could change it."""
    inner = ", ".join(
        f'{{"microsoft_id": {json.dumps(alert.microsoft_id, ensure_ascii=False)}, "raw": {json_text(alert.raw)}}}'
        for alert in alerts
    )
    return f'{json.dumps(fields, ensure_ascii=False)[:-1]}, "raw": {raw}, "alerts": [{inner}]}}'


def json_text(raw: bytes | memoryview) -> str:
    """Received JSON on one line: a line break in JSON can only be white space between its parts."""
    return bytes(raw).decode(errors="replace").replace("\r", " ").replace("\n", " ")
