"""The floor: a page from HTTP through orjson into rows, by COPY and three upserts; and the two plain ways beside it.

All three write the same tables over one connection, one transaction a page. What the floor leaves out is what makes
a product: tokens, typed shapes, history, search, what an incident shows of its alerts, and a place to go on from.
"""

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from typing import Any

import httpx
import orjson
from django.db import connection, models, transaction

from bench.cloud import GRAPH
from bench.models import FloorAlert, FloorEvidence, FloorIncident

LIST = "/v1.0/security/incidents?$expand=alerts&$orderby=lastUpdateDateTime%20asc"
MODELS: tuple[Any, ...] = (FloorIncident, FloorAlert, FloorEvidence)
KEYS = ("tenant_id", "microsoft_id", "position")

Rows = tuple[list[tuple[Any, ...]], list[tuple[Any, ...]], list[tuple[Any, ...]]]
Write = Callable[[Rows], None]


def pages(url: str, most: int) -> Iterator[Any]:
    """Up to so many pages of fifty incidents with their alerts, read by orjson."""
    with httpx.Client() as client:
        link = f"{url}{LIST}"
        for _ in range(most):
            body = orjson.loads(client.get(link).content)
            yield body
            if "@odata.nextLink" not in body:
                return
            link = body["@odata.nextLink"].replace(GRAPH, url)


def read(url: str, most: int, tenant: int, write: Write) -> int:
    """Read and write page by page; the number of incidents."""
    number = 0
    for body in pages(url, most):
        with transaction.atomic():
            write(rows(tenant, body["value"]))
        number += len(body["value"])
    return number


def rows(tenant: int, incidents: Sequence[Any]) -> Rows:
    found: Rows = ([], [], [])
    for incident in incidents:
        found[0].append((tenant, *received(incident, "displayName", "incidentWebUrl"),
                         incident["customTags"]))  # fmt: skip
        for alert in incident["alerts"]:
            found[1].append((tenant, *received(alert, "title", "alertWebUrl"), alert["incidentId"], alert["category"],
                             alert["serviceSource"], alert["detectionSource"]))  # fmt: skip
            updated = datetime.fromisoformat(alert["lastUpdateDateTime"])
            found[2].extend(
                (tenant, alert["id"], place, item["@odata.type"], item["verdict"], updated, item)
                for place, item in enumerate(alert["evidence"])
            )
    return found


def received(item: Any, title: str, url: str) -> tuple[Any, ...]:
    return (
        item["id"], item[title], item["status"], item["severity"], item["classification"], item["determination"],
        item["assignedTo"], item[url], datetime.fromisoformat(item["createdDateTime"]),
        datetime.fromisoformat(item["lastUpdateDateTime"]),
    )  # fmt: skip


def as_json(value: Any) -> str:
    return orjson.dumps(value).decode()


def columns(model: Any) -> list[str]:
    return [field.column for field in model._meta.local_concrete_fields]


def upsert(found: Rows) -> None:
    """The floor: COPY beside each table, then one INSERT that overwrites what has another time."""
    with connection.cursor() as cursor:
        for model, values in zip(MODELS, found, strict=True):
            table, names = model._meta.db_table, columns(model)
            cursor.execute(
                f"CREATE TEMPORARY TABLE IF NOT EXISTS new_{table} ON COMMIT DELETE ROWS "
                f"AS SELECT * FROM {table} WITH NO DATA"
            )
            with cursor.copy(f"COPY new_{table} ({', '.join(names)}) FROM STDIN") as stream:
                for row in values:
                    stream.write_row([as_json(value) if type(value) in (dict, list) else value for value in row])
            changes = ", ".join(f"{name} = excluded.{name}" for name in names if name not in KEYS)
            cursor.execute(
                f"INSERT INTO {table} SELECT * FROM new_{table} ON CONFLICT ({', '.join(keys(model))}) "
                f"DO UPDATE SET {changes} WHERE {table}.updated_at IS DISTINCT FROM excluded.updated_at"
            )


def keys(model: Any) -> list[str]:
    return [name for name in columns(model) if name in KEYS]


def bulk_create(found: Rows) -> None:
    """Django's own upsert of many rows."""
    for model, values in zip(MODELS, found, strict=True):
        names = columns(model)
        model.objects.bulk_create(
            [model(**dict(zip(names, row, strict=True))) for row in values], update_conflicts=True,
            unique_fields=keys(model), update_fields=[name for name in names if name not in KEYS],
        )  # fmt: skip


def update_or_create(found: Rows) -> None:
    """Django's own upsert of one row."""
    for model, values in zip(MODELS, found, strict=True):
        for row in values:
            wanted = dict(zip(columns(model), row, strict=True))
            known = {name: wanted.pop(name) for name in keys(model)}
            model.objects.update_or_create(**known, defaults=wanted)


def empty() -> None:
    """Forget what was written, so that each run begins alike."""
    with connection.cursor() as cursor:
        cursor.execute(f"TRUNCATE {', '.join(model._meta.db_table for model in MODELS)}")


def written(model: type[models.Model], tenant: int) -> int:
    return int(model._default_manager.filter(tenant_id=tenant).count())
