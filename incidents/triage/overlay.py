"""What was asked for and is still on its way stands in the row, over what Microsoft says.

The row's `raw` is always Microsoft's own word. Before a new version takes the place of a stored one, what was laid
over it is lifted, so that history tells Microsoft's steps only; after it, what is still pending is laid over it again.
All of it happens in the transaction that stores the version. What Microsoft has merged is left as Microsoft says.
"""

import json
from collections import defaultdict
from collections.abc import Collection, Mapping
from typing import Any
from uuid import UUID

from defender.shapes import Record, reading
from incidents import rows
from incidents.models import Alert, Edit, Incident
from incidents.triage import values

READ: dict[str, Any] = {"incident": reading.incident, "alert": reading.alert}
MODELS: dict[str, Any] = {"incident": Incident, "alert": Alert}
COLUMNS = {
    "incident": ("status", "assigned_to", "classification", "determination", "tags"),
    "alert": ("status", "assigned_to", "classification", "determination"),
}
ROWS: dict[str, Any] = {"incident": (rows.INCIDENT, rows.incident), "alert": (rows.ALERT, rows.alert)}


def asked(table: str, keys: Collection[UUID]) -> dict[UUID, dict[str, Any]]:
    """By the row, the columns that pending edits ask for; of two the later one."""
    if not keys:
        return {}
    edits = Edit.objects.filter(state=Edit.State.PENDING, **{f"{table}__in": list(keys)})
    if table == "incident":
        edits = edits.filter(alert=None)
    found: dict[UUID, dict[str, Any]] = defaultdict(dict)
    for edit in edits.order_by("pk").only("incident", "alert", "changes"):
        columns = {values.COLUMNS[field]: value for field, value in edit.changes.items() if field in values.COLUMNS}
        found[edit.item_id] |= columns
    return dict(found)


def lift(table: str, keys: Collection[UUID]) -> Collection[UUID]:
    """Put back what Microsoft says into those of the rows that have something over it; return which they are."""
    over = asked(table, keys)
    if over:
        restore(table, list(over))
    return over.keys()


def restore(table: str, keys: Collection[UUID]) -> None:
    found = MODELS[table].objects.filter(pk__in=keys).values_list("pk", "raw")
    write(table, {pk: told for pk, raw in found if (told := said(table, bytes(raw)))})


def said(table: str, raw: bytes) -> dict[str, Any]:
    """The columns as Microsoft's JSON has them; nothing of one that cannot be read."""
    record = READ[table](raw)
    if not isinstance(record, Record):
        return {}
    names, row = ROWS[table]
    told = dict(zip(names, row(record), strict=True))
    return {column: told[column] for column in COLUMNS[table]}


def lay(table: str, keys: Collection[UUID]) -> None:
    """Lay what is pending over the rows."""
    write(table, asked(table, keys), merged_too=False)


def write(table: str, wanted: Mapping[UUID, dict[str, Any]], *, merged_too: bool = True) -> None:
    """Set columns, in one statement for all rows that get the same."""
    alike: dict[str, list[UUID]] = defaultdict(list)
    for pk, columns in wanted.items():
        alike[json.dumps(columns, sort_keys=True)].append(pk)
    for text, keys in alike.items():
        found = MODELS[table].objects.filter(pk__in=keys)
        if not merged_too:
            found = found.exclude(status=Incident.Status.REDIRECTED)
        if columns := json.loads(text):
            found.update(**columns)


def settle(table: str, pk: UUID) -> None:
    """An edit of the row is over: show Microsoft's values again, and over them what is still pending."""
    restore(table, [pk])
    lay(table, [pk])
