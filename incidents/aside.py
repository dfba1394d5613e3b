"""What is not stored as it came, or not only so, is set aside: administrators see it beside the reason."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from django.db import connection

from incidents import rows
from tenants.models import Tenant


@dataclass(frozen=True)
class Strange:
    """An item to set aside, and why."""

    microsoft_id: str
    raw: bytes
    reason: str


def set_aside(tenant: Tenant, stream: str, items: Sequence[Strange]) -> None:
    if not items:
        return
    with connection.cursor() as cursor:
        cursor.executemany(
            """INSERT INTO incidents_setaside (customer_id, tenant_id, stream, microsoft_id, reason, raw, digest)
               VALUES (%s, %s, %s, %s, %s, %s, %s)
               ON CONFLICT (tenant_id, stream, digest) DO UPDATE SET last_seen_at = now()""",
            [
                (tenant.customer_id, tenant.pk, stream, i.microsoft_id, rows.text(i.reason), i.raw, rows.digest(i.raw))
                for i in items
            ],
        )


def take_back(tenant: Tenant, stream: str, microsoft_ids: Collection[str]) -> None:
    """Forget what was set aside of these items: its reason is gone."""
    with connection.cursor() as cursor:
        cursor.execute(
            "DELETE FROM incidents_setaside WHERE tenant_id = %s AND stream = %s AND microsoft_id = ANY(%s)",
            [tenant.pk, stream, list(microsoft_ids)],
        )
