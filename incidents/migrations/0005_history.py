"""Each change becomes a row that stays; merged incidents know their survivor; what is older than us is historic."""

from django.db import migrations, models
from django.db.models.deletion import PROTECT
from django.db.models.functions import Now

OWNER = {"on_delete": PROTECT, "related_name": "+", "db_constraint": False, "db_index": False}
ITEM = {"on_delete": PROTECT, "related_name": "changes", "null": True, "db_constraint": False, "db_index": False}
CHANGE = [
    ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
    (
        "field",
        models.CharField(
            choices=[
                ("created", "Created"),
                ("status", "Status"),
                ("severity", "Severity"),
                ("assigned_to", "Owner"),
                ("classification", "Classification"),
                ("determination", "Determination"),
                ("tags", "Tags"),
                ("redirected_to", "Merged into"),
            ],
            max_length=20,
        ),
    ),
    ("before", models.TextField(blank=True)),
    ("after", models.TextField(blank=True)),
    ("microsoft_at", models.DateTimeField(null=True)),
    ("seen_at", models.DateTimeField(db_default=Now())),
    ("historic", models.BooleanField(default=False)),
    ("alert", models.ForeignKey(to="incidents.alert", **ITEM)),
    ("incident", models.ForeignKey(to="incidents.incident", **ITEM)),
    ("customer", models.ForeignKey(to="tenants.customer", **OWNER)),
    ("tenant", models.ForeignKey(to="tenants.tenant", **OWNER)),
]
INDEXES = {
    "incident": [
        models.Index(fields=["tenant", "redirected_to"], name="incident_link", condition=~models.Q(redirected_to="")),
        models.Index(fields=["survivor"], name="incident_merged", condition=models.Q(survivor__isnull=False)),
    ],
    "change": [
        models.Index(fields=["incident", "id"], name="change_of_incident"),
        models.Index(fields=["alert", "id"], name="change_of_alert", condition=models.Q(alert__isnull=False)),
    ],
}

# Flushing the tables of a test must stay possible, so TRUNCATE is not refused.
GUARDS = """
ALTER TABLE incidents_change ADD CONSTRAINT incidents_change_owner
    FOREIGN KEY (customer_id, tenant_id) REFERENCES tenants_tenant (customer_id, id);
CREATE FUNCTION incidents_require_items() RETURNS trigger LANGUAGE plpgsql
SET enable_seqscan = off SET enable_hashjoin = off SET enable_mergejoin = off AS $$
BEGIN
    IF EXISTS (
        SELECT FROM added
        LEFT JOIN incidents_incident incident ON incident.id = added.incident_id
        LEFT JOIN incidents_alert alert ON alert.id = added.alert_id
        WHERE coalesce(added.incident_id, added.alert_id) IS NULL
           OR added.incident_id IS NOT NULL AND (incident.customer_id, incident.tenant_id)
                  IS DISTINCT FROM (added.customer_id, added.tenant_id)
           OR added.alert_id IS NOT NULL AND (alert.customer_id, alert.tenant_id)
                  IS DISTINCT FROM (added.customer_id, added.tenant_id)) THEN
        RAISE foreign_key_violation USING MESSAGE = 'a change must name an item of the same customer and tenant';
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER require_items AFTER INSERT ON incidents_change REFERENCING NEW TABLE AS added
    FOR EACH STATEMENT EXECUTE FUNCTION incidents_require_items();
CREATE FUNCTION incidents_keep_history() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE integrity_constraint_violation USING MESSAGE = 'history is added to and never changed';
END $$;
CREATE TRIGGER keep_history BEFORE UPDATE OR DELETE ON incidents_change
    FOR EACH STATEMENT EXECUTE FUNCTION incidents_keep_history();
CREATE FUNCTION incidents_require_survivor() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NOT EXISTS (SELECT FROM incidents_incident
                   WHERE id = NEW.survivor_id AND customer_id = NEW.customer_id AND tenant_id = NEW.tenant_id) THEN
        RAISE foreign_key_violation USING MESSAGE = 'a survivor must be an incident of the same customer and tenant';
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER require_survivor AFTER INSERT OR UPDATE ON incidents_incident
    FOR EACH ROW WHEN (NEW.survivor_id IS NOT NULL) EXECUTE FUNCTION incidents_require_survivor();
"""
NO_GUARDS = """
ALTER TABLE incidents_change DROP CONSTRAINT incidents_change_owner;
DROP FUNCTION incidents_require_survivor CASCADE;
DROP FUNCTION incidents_require_items CASCADE;
DROP FUNCTION incidents_keep_history CASCADE;
"""

# What is stored already begins its history as it stands now; the first row's as_of says of when that is.
FILL = """
UPDATE incidents_incident incident
    SET opened_at = microsoft_created_at,
        historic = coalesce(coalesce(microsoft_created_at, microsoft_updated_at)
                            < tenant.connected_at - interval '15 minutes', false)
    FROM tenants_tenant tenant WHERE tenant.id = incident.tenant_id;
UPDATE incidents_alert alert
    SET historic = coalesce(coalesce(microsoft_created_at, microsoft_updated_at)
                            < tenant.connected_at - interval '15 minutes', false)
    FROM tenants_tenant tenant WHERE tenant.id = alert.tenant_id;
WITH RECURSIVE family AS (
    SELECT id, tenant_id, microsoft_id, microsoft_created_at, id AS survivor FROM incidents_incident
        WHERE NOT (status = 'redirected' AND redirected_to <> '')
    UNION
    SELECT loser.id, loser.tenant_id, loser.microsoft_id, loser.microsoft_created_at, family.survivor
        FROM family JOIN incidents_incident loser ON loser.tenant_id = family.tenant_id
            AND loser.status = 'redirected' AND loser.redirected_to <> '' AND loser.redirected_to = family.microsoft_id
), opened AS (
    SELECT survivor, min(microsoft_created_at) AS at FROM family GROUP BY survivor HAVING count(*) > 1
)
UPDATE incidents_incident incident
    SET survivor_id = nullif(family.survivor, incident.id),
        opened_at = CASE WHEN family.survivor = incident.id THEN opened.at ELSE incident.microsoft_created_at END
    FROM family JOIN opened USING (survivor) WHERE family.id = incident.id;
UPDATE incidents_alert alert SET incident_id = loser.survivor_id
    FROM incidents_incident loser WHERE loser.id = alert.incident_id AND loser.survivor_id IS NOT NULL;
UPDATE incidents_incident incident
    SET alert_count = (SELECT count(*) FROM incidents_alert WHERE incident_id = incident.id)
    WHERE survivor_id IS NOT NULL OR id IN (SELECT survivor_id FROM incidents_incident);
INSERT INTO incidents_change
    (customer_id, tenant_id, incident_id, field, before, after, microsoft_at, seen_at, historic)
SELECT customer_id, tenant_id, id, 'created', '', jsonb_build_object(
        'status', status, 'severity', severity, 'assigned_to', assigned_to, 'classification', classification,
        'determination', determination, 'redirected_to', redirected_to, 'as_of', microsoft_updated_text,
        'tags', (SELECT coalesce(json_agg(DISTINCT tag COLLATE "C" ORDER BY tag COLLATE "C"), '[]')
                 FROM unnest(tags) AS listed (tag)))::text,
    microsoft_created_at, first_seen_at, historic
FROM incidents_incident ORDER BY id;
"""


def added(model, name, field):
    return migrations.AddField(model, name, field)


class Migration(migrations.Migration):
    dependencies = [("incidents", "0004_ledger")]

    operations = [
        added("incident", "historic", models.BooleanField(default=False)),
        added("alert", "historic", models.BooleanField(default=False)),
        added("incident", "opened_at", models.DateTimeField(null=True)),
        added("incident", "survivor", models.ForeignKey(to="incidents.incident", null=True, **OWNER)),
        migrations.CreateModel("Change", CHANGE),
        *(migrations.AddIndex(model, index) for model, indexes in INDEXES.items() for index in indexes),
        migrations.RunSQL(GUARDS, NO_GUARDS),
        migrations.RunSQL(FILL, migrations.RunSQL.noop),
    ]
