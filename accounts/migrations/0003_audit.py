from django.db import migrations, models

# The content of a line as the hash sees it: every value with its length before it, so that no two lines read the same.
PART = """
CREATE FUNCTION accounts_audit_part(value text) RETURNS text LANGUAGE sql IMMUTABLE AS $$
    SELECT CASE WHEN value IS NULL THEN '-' ELSE octet_length(value) || ':' || value END || ','
$$;
"""
# The function runs as its owner: whoever adds a line needs no right to the head of the chain, nor to any other line.
# Its lock of the head lets one writer in at a time, until the end of that writer's transaction.
CHAIN = """
CREATE FUNCTION accounts_audit_chain() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
SET search_path = public, pg_temp SET lock_timeout = '10s' SET "TimeZone" = 'UTC' AS $$
DECLARE head accounts_audithead;
BEGIN
    INSERT INTO accounts_audithead (id, number, hash) VALUES (1, 0, '') ON CONFLICT DO NOTHING;
    SELECT * INTO STRICT head FROM accounts_audithead WHERE id = 1 FOR UPDATE;
    NEW.id := head.number + 1;
    NEW.at := clock_timestamp();
    NEW.previous_hash := head.hash;
    NEW.hash := encode(sha256(convert_to(
        accounts_audit_part(NEW.previous_hash) || accounts_audit_part(NEW.id::text)
        || accounts_audit_part(to_char(NEW.at, 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'))
        || accounts_audit_part(NEW.actor_kind) || accounts_audit_part(NEW.actor_name)
        || accounts_audit_part(NEW.actor_id) || accounts_audit_part(NEW.actor_ip)
        || accounts_audit_part(NEW.customer_id::text) || accounts_audit_part(NEW.action)
        || accounts_audit_part(NEW.subject_kind) || accounts_audit_part(NEW.subject_id)
        || accounts_audit_part(NEW.subject_label) || accounts_audit_part(NEW.before::text)
        || accounts_audit_part(NEW.after::text) || accounts_audit_part(NEW.outcome)
        || accounts_audit_part(NEW.request_id), 'UTF8')), 'hex');
    UPDATE accounts_audithead SET number = NEW.id, hash = NEW.hash WHERE id = 1;
    RETURN NEW;
END $$;
CREATE TRIGGER chain BEFORE INSERT ON accounts_auditentry FOR EACH ROW EXECUTE FUNCTION accounts_audit_chain();
"""
KEPT = """
CREATE FUNCTION accounts_audit_keep() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'The audit trail is only added to.' USING ERRCODE = 'insufficient_privilege';
END $$;
CREATE TRIGGER keep BEFORE UPDATE OR DELETE ON accounts_auditentry EXECUTE FUNCTION accounts_audit_keep();
"""
UNDO = """
DROP TRIGGER keep ON accounts_auditentry;
DROP TRIGGER chain ON accounts_auditentry;
DROP FUNCTION accounts_audit_keep();
DROP FUNCTION accounts_audit_chain();
DROP FUNCTION accounts_audit_part(text);
"""
KINDS = [
    ("staff", "Staff"), ("customer", "Customer"), ("local", "Local operator"), ("command", "Command line"),
    ("worker", "Worker"), ("nobody", "Not signed in"),
]  # fmt: skip
OUTCOMES = [("done", "Done"), ("asked", "Asked"), ("refused", "Refused"), ("denied", "Denied")]
KEY = models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")


class Migration(migrations.Migration):
    dependencies = [("accounts", "0002_preferences")]

    operations = [
        migrations.AddField("user", "from_entra", models.BooleanField(default=False, editable=False)),
        migrations.CreateModel(
            "AuditHead",
            [
                ("id", KEY),
                ("number", models.BigIntegerField(default=0)),
                ("hash", models.CharField(blank=True, max_length=64)),
            ],
            {"constraints": [models.CheckConstraint(condition=models.Q(("id", 1)), name="audit_single_head")]},
        ),
        migrations.CreateModel(
            "AuditEntry",
            [
                ("id", KEY),
                ("at", models.DateTimeField(editable=False)),
                ("actor_kind", models.CharField(choices=KINDS, max_length=20)),
                ("actor_name", models.CharField(blank=True, max_length=200)),
                ("actor_id", models.CharField(blank=True, max_length=150)),
                ("actor_ip", models.CharField(blank=True, max_length=45)),
                ("customer_id", models.BigIntegerField(null=True)),
                ("action", models.CharField(max_length=40)),
                ("subject_kind", models.CharField(blank=True, max_length=40)),
                ("subject_id", models.CharField(blank=True, max_length=200)),
                ("subject_label", models.CharField(blank=True, max_length=300)),
                ("before", models.JSONField(null=True)),
                ("after", models.JSONField(null=True)),
                ("outcome", models.CharField(choices=OUTCOMES, max_length=10)),
                ("request_id", models.CharField(blank=True, max_length=40)),
                ("previous_hash", models.CharField(max_length=64)),
                ("hash", models.CharField(max_length=64)),
            ],
            {
                "ordering": ["-pk"],
                "indexes": [models.Index(fields=["customer_id", "-id"], name="audit_of_customer")],
            },
        ),
        migrations.RunSQL(PART + CHAIN + KEPT, UNDO),
    ]
