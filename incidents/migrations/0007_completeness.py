"""What Microsoft counts is held against the store, and the past of a stream is read beside its present."""

from datetime import timedelta

from django.db import migrations, models
from django.db.models.deletion import PROTECT
from django.db.models.functions import Now

OWNED = {"on_delete": PROTECT, "related_name": "+", "db_constraint": False, "db_index": False}
ID = ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID"))
STREAM = ("stream", models.CharField(max_length=20))
OWNERS = [
    ("customer", models.ForeignKey(to="tenants.customer", **OWNED)),
    ("tenant", models.ForeignKey(to="tenants.tenant", **OWNED)),
]
DAY_COUNT = [
    ID,
    STREAM,
    ("day", models.DateField()),
    ("expected", models.IntegerField(null=True)),
    ("found", models.IntegerField()),
    ("counted_at", models.DateTimeField()),
    ("position", models.TextField(blank=True)),
    ("listed", models.IntegerField(default=0)),
    *OWNERS,
]
BACKFILL = [
    ID,
    STREAM,
    ("from_at", models.DateTimeField()),
    ("until_at", models.DateTimeField()),
    ("reached_at", models.DateTimeField()),
    ("width", models.DurationField(default=timedelta(days=1))),
    ("low_at", models.DateTimeField(null=True)),
    ("position", models.TextField(blank=True)),
    ("pages", models.IntegerField(default=0)),
    ("listed", models.IntegerField(default=0)),
    ("slices", models.IntegerField(default=0)),
    ("items", models.IntegerField(default=0)),
    ("started_at", models.DateTimeField(db_default=Now())),
    ("finished_at", models.DateTimeField(null=True)),
    *OWNERS,
]
ONE_A_DAY = models.UniqueConstraint(fields=("tenant", "stream", "day"), name="count_of_day")
ONE_A_STREAM = models.UniqueConstraint(fields=("tenant", "stream"), name="backfill_of_stream")

CREATED = [
    (name, models.Index(fields=["tenant", "microsoft_created_at"], name=f"{name}_created"))
    for name in ("incident", "alert")
]


def reference(table):
    return migrations.RunSQL(
        f"""ALTER TABLE incidents_{table} ADD CONSTRAINT incidents_{table}_owner
            FOREIGN KEY (customer_id, tenant_id) REFERENCES tenants_tenant (customer_id, id)""",
        f"ALTER TABLE incidents_{table} DROP CONSTRAINT incidents_{table}_owner",
    )


# What was read to its end before began with 180 days: none of it is missing.
READ_BEFORE = """
INSERT INTO incidents_backfill (
    customer_id, tenant_id, stream, from_at, until_at, reached_at, width, position, pages, listed, slices, items,
    started_at, finished_at)
SELECT customer_id, tenant_id, stream, past, past, past, interval '1 day', '', 0, 0, 0, 0, completed_at, completed_at
FROM (SELECT *, completed_at - interval '180 days' AS past FROM incidents_syncstate) AS state
WHERE stream IN ('incidents', 'alerts') AND completed_at IS NOT NULL
"""


class Migration(migrations.Migration):
    dependencies = [("incidents", "0006_details"), ("tenants", "0003_invitations")]

    operations = [
        migrations.CreateModel("DayCount", DAY_COUNT, {"constraints": [ONE_A_DAY]}),
        migrations.CreateModel("Backfill", BACKFILL, {"constraints": [ONE_A_STREAM]}),
        *(migrations.AddIndex(name, index) for name, index in CREATED),
        reference("daycount"),
        reference("backfill"),
        migrations.RunSQL(READ_BEFORE, migrations.RunSQL.noop),
    ]
