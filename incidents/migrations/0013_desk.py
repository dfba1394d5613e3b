"""What the desk adds to an incident: what it waits for, and when its next clock runs out."""

from django.db import migrations, models
from django.db.models.deletion import PROTECT
from django.db.models.functions import Now

OWNED = [
    (name, models.ForeignKey(to=to, on_delete=PROTECT, related_name="+", db_constraint=False, db_index=False))
    for name, to in (("customer", "tenants.customer"), ("tenant", "tenants.tenant"))
]
ID = ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID"))
KINDS = [("waiting", "Waiting for customer"), ("snoozed", "Snoozed")]
COLUMNS = {
    "held": models.CharField(blank=True, db_default="", max_length=10),
    "due_at": models.DateTimeField(null=True),
    "due_clock": models.CharField(blank=True, db_default="", max_length=12),
    "risk_at": models.DateTimeField(null=True),
}
OPEN = models.Q(("ended_at", None))
EVENTS = ("INSERT", "UPDATE")
GUARDS = """
ALTER TABLE incidents_hold ADD CONSTRAINT incidents_hold_owner
    FOREIGN KEY (customer_id, tenant_id) REFERENCES tenants_tenant (customer_id, id);
""" + "".join(
    f"""CREATE TRIGGER require_parent_{event} AFTER {event} ON incidents_hold REFERENCING NEW TABLE AS added
        FOR EACH STATEMENT EXECUTE FUNCTION incidents_require_parent('incident_id', 'incidents_incident');"""
    for event in EVENTS
)


class Migration(migrations.Migration):
    dependencies = [("incidents", "0012_search_of_new"), ("tenants", "0007_approved")]

    operations = [
        *(migrations.AddField("incident", name, field) for name, field in COLUMNS.items()),
        migrations.CreateModel(
            "Hold",
            [
                ID,
                ("kind", models.CharField(choices=KINDS, max_length=10)),
                ("reason", models.TextField(blank=True)),
                ("by", models.CharField(max_length=200)),
                ("began_at", models.DateTimeField(db_default=Now())),
                ("until", models.DateTimeField(null=True)),
                ("wakes_on_change", models.BooleanField(default=True)),
                ("ended_at", models.DateTimeField(null=True)),
                ("ended_by", models.CharField(blank=True, max_length=200)),
                ("why_ended", models.TextField(blank=True)),
                *OWNED,
                (
                    "incident",
                    models.ForeignKey(
                        to="incidents.incident", on_delete=PROTECT, related_name="holds", db_constraint=False,
                        db_index=False,
                    ),
                ),
            ],
            {
                "indexes": [
                    models.Index(fields=["incident", "began_at"], name="hold_of_incident"),
                    models.Index(fields=["until"], condition=OPEN, name="hold_due"),
                ],
                "constraints": [models.UniqueConstraint(fields=["incident"], condition=OPEN, name="hold_open_once")],
            },
        ),
        migrations.RunSQL(GUARDS, migrations.RunSQL.noop),
    ]  # fmt: skip
