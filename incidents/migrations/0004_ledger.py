"""The ledger knows work beside the live streams, what a tenant may still be asked, and whether we are let in at all."""

from django.db import migrations, models
from django.db.models.deletion import PROTECT
from django.db.models.functions import Now

STREAMS = [
    ("incidents", "Incidents"),
    ("alerts", "Alerts"),
    ("details", "Details"),
    ("completeness", "Completeness"),
    ("backfill", "History"),
]
ID = ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID"))
OWNED = {"on_delete": PROTECT, "related_name": "+", "db_constraint": False, "db_index": False}
BREAKER = [
    ID,
    ("opened_at", models.DateTimeField(null=True)),
    ("probe_at", models.DateTimeField(null=True)),
    ("failures", models.IntegerField(default=0)),
    ("tenants", models.JSONField(default=list)),
    ("error_kind", models.CharField(blank=True, max_length=64)),
    ("error", models.TextField(blank=True)),
]
BUDGET = [
    ID,
    ("remaining", models.FloatField()),
    ("counted_at", models.DateTimeField(db_default=Now())),
    ("customer", models.ForeignKey(to="tenants.customer", **OWNED)),
    ("tenant", models.ForeignKey(to="tenants.tenant", **OWNED)),
]
ONE = models.CheckConstraint(condition=models.Q(("id", 1)), name="breaker_single_row")
ONE_EACH = models.UniqueConstraint(fields=("tenant",), name="budget_of_tenant")
REFERENCE = """ALTER TABLE incidents_budget ADD CONSTRAINT incidents_budget_owner
    FOREIGN KEY (customer_id, tenant_id) REFERENCES tenants_tenant (customer_id, id)"""


class Migration(migrations.Migration):
    dependencies = [("incidents", "0003_words"), ("tenants", "0003_invitations")]

    operations = [
        migrations.AddField("syncstate", "claimed_at", models.DateTimeField(null=True)),
        migrations.AddField("syncstate", "quiet_in_a_row", models.IntegerField(default=0)),
        migrations.AlterField("syncstate", "due_at", models.DateTimeField(db_default=Now(), null=True)),
        migrations.AlterField("syncstate", "stream", models.CharField(choices=STREAMS, max_length=20)),
        migrations.CreateModel("Breaker", BREAKER, {"constraints": [ONE]}),
        migrations.CreateModel("Budget", BUDGET, {"constraints": [ONE_EACH]}),
        migrations.RunSQL(REFERENCE, migrations.RunSQL.noop),
    ]
