"""What is still to be read: details of incidents, ranges that could not be listed or counted, items not stored."""

from django.db import migrations, models
from django.db.models.deletion import CASCADE, PROTECT
from django.db.models.functions import Now

OWNED = [
    (name, models.ForeignKey(to=to, on_delete=PROTECT, related_name="+", db_constraint=False, db_index=False))
    for name, to in (("customer", "tenants.customer"), ("tenant", "tenants.tenant"))
]
ID = ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID"))
KINDS = [("poison", "Microsoft cannot list it"), ("count", "The numbers differ")]
OPEN = models.Q(("closed_at", None))
SET_ASIDE = {"on_delete": CASCADE, "primary_key": True, "related_name": "unstored", "serialize": False}


def reference(table):
    return migrations.RunSQL(
        f"""ALTER TABLE incidents_{table} ADD CONSTRAINT incidents_{table}_owner
            FOREIGN KEY (customer_id, tenant_id) REFERENCES tenants_tenant (customer_id, id)""",
        f"ALTER TABLE incidents_{table} DROP CONSTRAINT incidents_{table}_owner",
    )


class Migration(migrations.Migration):
    dependencies = [("incidents", "0005_history")]

    operations = [
        migrations.CreateModel(
            "DetailRead",
            [
                ID,
                ("microsoft_id", models.TextField()),
                ("due_at", models.DateTimeField(null=True)),
                ("step", models.IntegerField(default=0)),
                ("attempts", models.IntegerField(default=0)),
                ("error", models.TextField(blank=True)),
                *OWNED,
            ],
            {
                "indexes": [models.Index(fields=["tenant", "due_at"], name="detail_read_due")],
                "constraints": [
                    models.UniqueConstraint(fields=["tenant", "microsoft_id"], name="detail_read_of_incident")
                ],
            },
        ),
        migrations.CreateModel(
            "Gap",
            [
                ID,
                ("stream", models.CharField(max_length=20)),
                ("kind", models.CharField(choices=KINDS, max_length=20)),
                ("day", models.DateField(null=True)),
                ("low", models.TextField(blank=True)),
                ("high", models.TextField(blank=True)),
                ("expected", models.IntegerField(null=True)),
                ("found", models.IntegerField(null=True)),
                ("reason", models.TextField(blank=True)),
                ("raw", models.BinaryField(default=b"")),
                ("attempts", models.IntegerField(default=0)),
                ("opened_at", models.DateTimeField(db_default=Now())),
                ("tried_at", models.DateTimeField(null=True)),
                ("due_at", models.DateTimeField(db_default=Now())),
                ("closed_at", models.DateTimeField(null=True)),
                *OWNED,
            ],
            {
                "indexes": [models.Index(fields=["tenant", "due_at"], condition=OPEN, name="gap_due")],
                "constraints": [
                    models.UniqueConstraint(
                        fields=["tenant", "stream", "kind", "low", "high"], condition=OPEN, name="gap_open_once"
                    )
                ],
            },
        ),
        migrations.CreateModel(
            "Unstored",
            [
                ("item", models.OneToOneField(to="incidents.setaside", **SET_ASIDE)),
                ("attempts", models.IntegerField(default=0)),
                ("due_at", models.DateTimeField(db_default=Now())),
                *OWNED,
            ],
            {"indexes": [models.Index(fields=["tenant", "due_at"], name="unstored_due")]},
        ),
        *(reference(table) for table in ("detailread", "gap", "unstored")),
    ]
