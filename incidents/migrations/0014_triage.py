"""What people ask to be changed at Microsoft, and what of it is on its way."""

from django.conf import settings
from django.db import migrations, models
from django.db.models.deletion import PROTECT, SET_NULL
from django.db.models.functions import Coalesce, Now

OWNED = [
    (name, models.ForeignKey(to=to, on_delete=PROTECT, related_name="+", db_constraint=False, db_index=False))
    for name, to in (("customer", "tenants.customer"), ("tenant", "tenants.tenant"))
]
ITEM = {"on_delete": PROTECT, "related_name": "edits", "null": True, "db_constraint": False, "db_index": False}
ID = ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID"))
STATES = [
    ("pending", "Pending"), ("carried", "Confirmed by Microsoft"), ("conflict", "Conflict"), ("refused", "Refused"),
    ("undone", "Withdrawn"),
]  # fmt: skip
OWNERS = [("us", "us"), ("customer", "the customer"), ("microsoft", "Microsoft")]
EDIT = [
    ID,
    ("batch", models.UUIDField()),
    ("changes", models.JSONField(default=dict)),
    ("seen", models.JSONField(default=dict)),
    ("seen_text", models.TextField(blank=True)),
    ("by", models.CharField(max_length=200)),
    ("asked_at", models.DateTimeField(db_default=Now())),
    ("state", models.CharField(choices=STATES, default="pending", max_length=10)),
    ("attempts", models.IntegerField(default=0)),
    ("due_at", models.DateTimeField(db_default=Now())),
    ("sent_at", models.DateTimeField(null=True)),
    ("said", models.IntegerField(default=0)),
    ("fence", models.BigIntegerField(default=0)),
    ("leased_until", models.DateTimeField(null=True)),
    ("lease_session", models.TextField(blank=True)),
    ("problem", models.TextField(blank=True)),
    ("must_act", models.CharField(blank=True, choices=OWNERS, max_length=10)),
    ("theirs", models.JSONField(null=True)),
    ("changed_by", models.TextField(blank=True)),
    ("ended_at", models.DateTimeField(null=True)),
    ("incident", models.ForeignKey(to="incidents.incident", **ITEM)),
    ("alert", models.ForeignKey(to="incidents.alert", **ITEM)),
    ("user", models.ForeignKey(to=settings.AUTH_USER_MODEL, on_delete=SET_NULL, related_name="+", null=True)),
    *OWNED,
]
INDEXES = [
    models.Index(fields=["incident", "id"], name="edit_of_incident"),
    models.Index(fields=["alert", "id"], name="edit_of_alert", condition=models.Q(("alert__isnull", False))),
    models.Index(fields=["batch"], name="edit_of_batch"),
    models.Index(fields=["due_at", "id"], name="edit_due", condition=models.Q(("state", "pending"))),
    models.Index(Coalesce("alert", "incident"), "id", name="edit_in_order", condition=models.Q(("state", "pending"))),
]
GUARDS = """
ALTER TABLE incidents_edit ADD CONSTRAINT incidents_edit_owner
    FOREIGN KEY (customer_id, tenant_id) REFERENCES tenants_tenant (customer_id, id);
ALTER TABLE incidents_edit ADD CONSTRAINT incidents_edit_of_something
    CHECK (incident_id IS NOT NULL OR alert_id IS NOT NULL);
""" + "".join(
    f"""CREATE TRIGGER require_parent_{table}_{event} AFTER {event} ON incidents_edit REFERENCING NEW TABLE AS added
        FOR EACH STATEMENT EXECUTE FUNCTION incidents_require_parent('{table}_id', 'incidents_{table}');"""
    for event in ("INSERT", "UPDATE")
    for table in ("incident", "alert")
)


class Migration(migrations.Migration):
    dependencies = [("incidents", "0013_desk"), migrations.swappable_dependency(settings.AUTH_USER_MODEL)]

    operations = [
        migrations.CreateModel("Edit", EDIT, {"indexes": INDEXES}),
        migrations.RunSQL(GUARDS, migrations.RunSQL.noop),
    ]
