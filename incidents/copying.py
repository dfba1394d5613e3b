"""COPY in binary form, which spares PostgreSQL the reading of a megabyte of hexadecimal a page."""

from collections.abc import Iterable, Sequence
from struct import pack
from typing import Any

from psycopg.adapt import Dumper
from psycopg.pq import Format

MOMENT, LIST = "timestamptz", "text[]"
# What is not text.
TYPES = {
    "id": "uuid", "customer_id": "int8", "tenant_id": "int8", "incident_id": "uuid", "alert_id": "uuid",
    "microsoft_created_at": MOMENT, "microsoft_updated_at": MOMENT, "first_activity_at": MOMENT,
    "last_activity_at": MOMENT, "resolved_at": MOMENT, "opened_at": MOMENT, "microsoft_at": MOMENT, "version": "int8",
    "partly_read": "bool", "historic": "bool", "raw": "bytea", "digest": "bytea", "tags": LIST, "system_tags": LIST,
    "mitre_techniques": LIST, "devices": LIST, "users": LIST, "priority_score": "int4", "position": "int4",
}  # fmt: skip


class TextsDumper(Dumper):
    """A list of texts; psycopg's own dumper of lists asks each item for its type, which took a tenth of a page."""

    format = Format.BINARY
    oid = 1009  # text[]
    NONE = pack("!iii", 0, 0, 25)

    def dump(self, texts: list[str]) -> bytes:
        if not texts:
            return self.NONE
        parts = [text.encode() for text in texts]
        return pack("!iiiii", 1, 0, 25, len(parts), 1) + b"".join(pack("!i", len(part)) + part for part in parts)


def copy(cursor: Any, table: str, columns: Sequence[str], values: Iterable[Iterable[Any]]) -> None:
    """Add the rows to the table; `cursor` is Django's, `values` are in the order of `columns`.

    PostgreSQL copies into no table with row-level security: its rows go by a temporary one, whatever its policies say.
    """
    names = ", ".join(columns)
    walled = table.startswith("incidents_")
    place = beside(cursor, table, columns) if walled else table
    cursor.adapters.register_dumper(list, TextsDumper)
    statement = f"COPY {place} ({names}) FROM STDIN (FORMAT BINARY)"
    # Django wraps the errors of execute only.
    with cursor.db.wrap_database_errors, cursor.copy(statement) as stream:
        stream.set_types([TYPES.get(column, "text") for column in columns])
        for row in values:
            stream.write_row(row)
    if walled:
        cursor.execute(f"INSERT INTO {table} ({names}) SELECT {names} FROM {place}")


def beside(cursor: Any, table: str, columns: Sequence[str]) -> str:
    """The name of the session's own table with these columns, empty; it is empty again when the transaction ends."""
    place = f"copied_{table}"
    cursor.execute("SELECT to_regclass(%s)", [f"pg_temp.{place}"])
    if cursor.fetchone()[0]:
        cursor.execute(f"DELETE FROM {place}")
        return place
    cursor.execute(
        f"""CREATE TEMPORARY TABLE {place} ON COMMIT DELETE ROWS
            AS SELECT {", ".join(columns)} FROM {table} WITH NO DATA"""
    )
    if "raw" in columns:
        # It is compressed once, on its way to where it stays.
        cursor.execute(f"ALTER TABLE {place} ALTER raw SET STORAGE EXTERNAL")
    return place
