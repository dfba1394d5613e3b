"""The ledger as an outsider sees it: who holds a lease at this moment, and what is stored in the end."""

import hashlib
import json
from dataclasses import dataclass
from typing import Any

import psycopg
from django.conf import settings

from portal.embedded import postgres
from tenants.roles import WORKER

HOLDERS = """
SELECT state.id, state.fence, state.lease_session, split_part(activity.application_name, '-', 2)::int
FROM incidents_syncstate state
JOIN pg_stat_activity activity ON activity.pid || '/' || activity.backend_start = state.lease_session
WHERE state.leased_until > now() AND activity.application_name LIKE 'utkik-%'
"""
STILL_HELD = "SELECT count(*) FROM incidents_syncstate WHERE id = %s AND fence = %s AND lease_session = %s"


@dataclass(frozen=True)
class Lease:
    state: int
    fence: int
    session: str
    pid: int


class Ledger:
    """A connection that comes back when PostgreSQL does."""

    def __init__(self) -> None:
        self.connection: psycopg.Connection[Any] | None = None

    def ask(self, statement: str, parameters: Any = None) -> list[Any]:
        """The rows; none while the database is away."""
        try:
            if self.connection is None or self.connection.closed:
                self.connection = psycopg.connect(
                    postgres.dsn(settings.STATE_DIR, WORKER, postgres.DATABASE), autocommit=True
                )
            cursor = self.connection.execute(statement, parameters)
            return cursor.fetchall() if cursor.description else []
        except psycopg.OperationalError:
            self.connection = None
            return []

    def holders(self) -> list[Lease]:
        return [Lease(*row) for row in self.ask(HOLDERS)]

    def died_holding(self, lease: Lease) -> bool:
        """Whether the lease of a dead process is still its own: it was given back neither before nor by anybody."""
        return self.ask(STILL_HELD, [lease.state, lease.fence, lease.session]) == [(1,)]

    def let_an_hour_pass(self) -> None:
        """What an absurd Retry-After has parked for an hour is not waited for."""
        self.ask("UPDATE incidents_syncstate SET parked_until = now() WHERE parked_until > now() + interval '20 s'")
        self.ask(
            """UPDATE incidents_syncstate SET due_at = now()
               WHERE stream IN ('incidents', 'alerts') AND due_at > now() + interval '20 s'"""
        )

    def let_a_day_pass(self) -> None:
        """What was parked since Microsoft could not list it, or we could not store it, is tried again now."""
        self.ask("UPDATE incidents_gap SET due_at = now() WHERE closed_at IS NULL AND due_at > now()")
        self.ask("UPDATE incidents_unstored SET due_at = now() WHERE due_at > now()")
        self.ask(
            """UPDATE incidents_syncstate state SET due_at = now()
               WHERE stream IN ('details', 'completeness', 'backfill') AND due_at > now() + interval '20 s'
                 AND EXISTS (SELECT FROM incidents_gap gap WHERE gap.tenant_id = state.tenant_id AND closed_at IS NULL)"""
        )

    def unfinished(self, since: Any) -> int:
        """Streams that have not completed a window since then."""
        return int(self.ask(
            """SELECT count(*) FROM incidents_syncstate
               WHERE stream IN ('incidents', 'alerts') AND (completed_at IS NULL OR completed_at < %s)""", [since]
        )[0][0])  # fmt: skip

    def stored(self) -> dict[str, Any]:
        """What is stored of each directory, in the form in which the cloud tells what it has."""
        found: dict[str, Any] = {
            str(row[0]): {"incidents": {}, "alerts": {}} for row in self.ask("SELECT entra_id FROM tenants_tenant")
        }
        for tenant, key, raw in self.ask("""SELECT entra_id, microsoft_id, raw FROM incidents_incident incident
                                            JOIN tenants_tenant tenant ON tenant.id = incident.tenant_id"""):  # fmt: skip
            found[str(tenant)]["incidents"][key] = digest(raw)
        for tenant, key, raw, belongs, evidence in self.ask(
            """SELECT entra_id, alert.microsoft_id, alert.raw, incident.microsoft_id,
                      (SELECT count(*) FROM incidents_evidence WHERE alert_id = alert.id)
               FROM incidents_alert alert JOIN tenants_tenant tenant ON tenant.id = alert.tenant_id
               LEFT JOIN incidents_incident incident ON incident.id = alert.incident_id"""
        ):
            found[str(tenant)]["alerts"][key] = [digest(raw), belongs, evidence]
        return found

    def doubled(self) -> int:
        """Rows of one item beyond the first; counted in the tables themselves, whatever their indexes say."""
        total = 0
        self.ask("SET enable_indexscan = off")
        self.ask("SET enable_indexonlyscan = off")
        self.ask("SET enable_bitmapscan = off")
        for table, key in (("incident", "tenant_id, microsoft_id"), ("alert", "tenant_id, microsoft_id"),
                           ("evidence", "alert_id, position")):  # fmt: skip
            total += int(self.ask(f"SELECT count(*) - count(DISTINCT ({key})) FROM incidents_{table}")[0][0])
        return total


def digest(raw: bytes) -> str:
    return hashlib.sha256(json.dumps(json.loads(bytes(raw)), sort_keys=True).encode()).hexdigest()[:16]
