"""Ids are compared, not only counted: a list under way, what it has, and what it told of each day."""

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
LISTING = [
    ID,
    STREAM,
    ("low_at", models.DateTimeField()),
    ("high_at", models.DateTimeField()),
    ("began_at", models.DateTimeField()),
    ("position", models.TextField(blank=True)),
    ("unsure", models.JSONField(default=list)),
    ("attempts", models.IntegerField(default=0)),
    ("due_at", models.DateTimeField(db_default=Now())),
    *OWNERS,
]
LISTED_ITEM = [
    ID,
    STREAM,
    ("day", models.DateField()),
    ("microsoft_id", models.TextField()),
    ("listed_at", models.DateTimeField()),
    *OWNERS,
]
ONE_A_STREAM = models.UniqueConstraint(fields=("tenant", "stream"), name="listing_of_stream")
ONCE = models.UniqueConstraint(fields=("tenant", "stream", "microsoft_id"), name="listed_once")


def reference(table):
    return migrations.RunSQL(
        f"""ALTER TABLE incidents_{table} ADD CONSTRAINT incidents_{table}_owner
            FOREIGN KEY (customer_id, tenant_id) REFERENCES tenants_tenant (customer_id, id)""",
        f"ALTER TABLE incidents_{table} DROP CONSTRAINT incidents_{table}_owner",
    )


class Migration(migrations.Migration):
    dependencies = [("incidents", "0010_authors")]

    operations = [
        migrations.AddField("daycount", "refused_at", models.DateTimeField(null=True)),
        migrations.AddField("daycount", "listed_at", models.DateTimeField(null=True)),
        migrations.AddField("daycount", "missing", models.IntegerField(default=0)),
        migrations.AddField("daycount", "gone", models.IntegerField(default=0)),
        migrations.CreateModel("Listing", LISTING, {"constraints": [ONE_A_STREAM]}),
        migrations.CreateModel("ListedItem", LISTED_ITEM, {"constraints": [ONCE]}),
        reference("listing"),
        reference("listeditem"),
    ]
