"""Alerts keep the words and names by which their incident is found and counted; evidence is known by its place."""

from django.contrib.postgres.fields import ArrayField
from django.db import migrations, models
from django.db.models.deletion import CASCADE, PROTECT


def listed():
    return ArrayField(base_field=models.TextField(), blank=True, default=list, size=None)


FILL = r"""
UPDATE incidents_alert alert SET
    devices = coalesce((SELECT array_agg(DISTINCT name) FROM incidents_evidence
                        WHERE alert_id = alert.id AND kind = 'device' AND name <> ''), '{}'),
    users = coalesce((SELECT array_agg(DISTINCT name) FROM incidents_evidence
                      WHERE alert_id = alert.id AND kind IN ('user', 'mailbox') AND name <> ''), '{}'),
    words = regexp_replace(concat_ws(' ', microsoft_id, title, assigned_to,
                (SELECT string_agg(DISTINCT name, ' ') FROM incidents_evidence WHERE alert_id = alert.id)),
            '[\x01-\x2f\x3a-\x40\x5b-\x60\x7b-\x7f]+', ' ', 'g');
UPDATE incidents_incident SET
    words = regexp_replace(concat_ws(' ', microsoft_id, title, assigned_to, array_to_string(tags, ' ')),
            '[\x01-\x2f\x3a-\x40\x5b-\x60\x7b-\x7f]+', ' ', 'g');
"""
KEY = """
ALTER TABLE incidents_evidence DROP CONSTRAINT evidence_of_alert;
ALTER TABLE incidents_evidence DROP COLUMN id;
ALTER TABLE incidents_evidence ADD PRIMARY KEY (alert_id, position);
ALTER TABLE incidents_evidence ALTER COLUMN roles TYPE text USING array_to_string(roles, ', ');
"""
KEY_OF_EVIDENCE = {"blank": True, "editable": False, "primary_key": True, "serialize": False}
OWNER = {"db_constraint": False, "db_index": False}
OWNED = {"on_delete": PROTECT, "related_name": "+", **OWNER}
EVIDENCE = [
    ("pk", models.CompositePrimaryKey("alert_id", "position", **KEY_OF_EVIDENCE)),
    ("position", models.IntegerField()),
    ("kind", models.CharField(max_length=100)),
    ("name", models.TextField(blank=True)),
    ("detail", models.TextField(blank=True)),
    ("verdict", models.CharField(blank=True, max_length=64)),
    ("remediation_status", models.CharField(blank=True, max_length=64)),
    ("roles", models.TextField(blank=True)),
    ("alert", models.ForeignKey(on_delete=CASCADE, related_name="evidence", to="incidents.alert", **OWNER)),
    ("customer", models.ForeignKey(to="tenants.customer", **OWNED)),
    ("tenant", models.ForeignKey(to="tenants.tenant", **OWNED)),
]


class Migration(migrations.Migration):
    dependencies = [("incidents", "0002_owned")]

    operations = [
        migrations.AddField("incident", "words", models.TextField(blank=True, default=""), preserve_default=False),
        migrations.AddField("alert", "words", models.TextField(blank=True, default=""), preserve_default=False),
        migrations.AddField("alert", "devices", listed()),
        migrations.AddField("alert", "users", listed()),
        migrations.RunSQL(FILL, migrations.RunSQL.noop),
        migrations.SeparateDatabaseAndState(
            database_operations=[migrations.RunSQL(KEY)],
            state_operations=[
                migrations.DeleteModel("evidence"),
                migrations.CreateModel("Evidence", EVIDENCE, {"verbose_name_plural": "evidence"}),
            ],
        ),
    ]
