"""References that carry the customer, one in place of one each for customer, tenant and parent."""

from django.db import migrations, models
from django.db.models.deletion import CASCADE, PROTECT

OWNED = ("incident", "alert", "evidence", "setaside", "syncstate")
TARGETS = {"customer": "tenants.customer", "tenant": "tenants.tenant"}


def unchecked(model, field, to, **options):
    key = models.ForeignKey(to=to, db_constraint=False, **options)
    return migrations.AlterField(model_name=model, name=field, field=key)


def reference(table):
    return migrations.RunSQL(
        f"""ALTER TABLE incidents_{table} ADD CONSTRAINT incidents_{table}_owner
            FOREIGN KEY (customer_id, tenant_id) REFERENCES tenants_tenant (customer_id, id)""",
        f"ALTER TABLE incidents_{table} DROP CONSTRAINT incidents_{table}_owner",
    )


# A foreign key looks at every row by itself, which took a sixth of the time of storing a page; this looks at the rows
# of a statement together. The planner knows nothing of them, hence the settings: it must go by the parent's key.
PARENTS = """
CREATE FUNCTION incidents_require_parent() RETURNS trigger LANGUAGE plpgsql
SET enable_seqscan = off SET enable_hashjoin = off SET enable_mergejoin = off AS $$
DECLARE
    strange boolean;
BEGIN
    EXECUTE format(
        'SELECT EXISTS (
            SELECT FROM (SELECT DISTINCT %1$I AS id, customer_id, tenant_id FROM added WHERE %1$I IS NOT NULL) AS child
            LEFT JOIN %2$I parent ON parent.id = child.id
            WHERE (parent.customer_id, parent.tenant_id) IS DISTINCT FROM (child.customer_id, child.tenant_id))',
        TG_ARGV[0], TG_ARGV[1]) INTO strange;
    IF strange THEN
        RAISE foreign_key_violation
            USING MESSAGE = format('%s must name a %s of the same customer and tenant', TG_TABLE_NAME, TG_ARGV[1]);
    END IF;
    RETURN NULL;
END $$;
CREATE FUNCTION incidents_keep_parent() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT FROM incidents_alert WHERE incident_id IN (SELECT id FROM removed)) THEN
        RAISE foreign_key_violation USING MESSAGE = 'an incident with alerts stays';
    END IF;
    RETURN NULL;
END $$;
CREATE FUNCTION incidents_forget_evidence() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    DELETE FROM incidents_evidence WHERE alert_id IN (SELECT id FROM removed);
    RETURN NULL;
END $$;
CREATE TRIGGER keep_parent AFTER DELETE ON incidents_incident REFERENCING OLD TABLE AS removed
    FOR EACH STATEMENT EXECUTE FUNCTION incidents_keep_parent();
CREATE TRIGGER forget_evidence AFTER DELETE ON incidents_alert REFERENCING OLD TABLE AS removed
    FOR EACH STATEMENT EXECUTE FUNCTION incidents_forget_evidence();
"""
NO_PARENTS = """
DROP FUNCTION incidents_require_parent CASCADE;
DROP FUNCTION incidents_keep_parent CASCADE;
DROP FUNCTION incidents_forget_evidence CASCADE;
"""


def parent(table, column, target):
    triggers = "".join(
        f"""CREATE TRIGGER require_parent_{event} AFTER {event} ON incidents_{table} REFERENCING NEW TABLE AS added
            FOR EACH STATEMENT EXECUTE FUNCTION incidents_require_parent('{column}', 'incidents_{target}');"""
        for event in ("INSERT", "UPDATE")
    )
    return migrations.RunSQL(triggers, migrations.RunSQL.noop)


# The usual compression of the raw JSON takes as long as the rest of its row; lz4 does not, where the server has it.
RAW = """
DO $$
DECLARE
    target text;
BEGIN
    FOREACH target IN ARRAY ARRAY['incidents_incident', 'incidents_alert'] LOOP
        IF EXISTS (SELECT FROM pg_settings WHERE name = 'default_toast_compression' AND 'lz4' = ANY (enumvals)) THEN
            EXECUTE format('ALTER TABLE %I ALTER raw SET COMPRESSION lz4', target);
        ELSE
            EXECUTE format('ALTER TABLE %I ALTER raw SET STORAGE EXTERNAL', target);
        END IF;
    END LOOP;
END $$;
"""


class Migration(migrations.Migration):
    dependencies = [("incidents", "0001_initial")]

    operations = [
        *(
            unchecked(model, field, to, db_index=False, on_delete=PROTECT, related_name="+")
            for model in OWNED
            for field, to in TARGETS.items()
        ),
        unchecked("alert", "incident", "incidents.incident", null=True, on_delete=PROTECT, related_name="alerts"),
        unchecked("evidence", "alert", "incidents.alert", db_index=False, on_delete=CASCADE, related_name="evidence"),
        *(reference(table) for table in ("incident", "alert", "setaside", "syncstate")),
        migrations.RunSQL(PARENTS, NO_PARENTS),
        parent("alert", "incident_id", "incident"),
        parent("evidence", "alert_id", "alert"),
        migrations.RunSQL(RAW, migrations.RunSQL.noop),
    ]
