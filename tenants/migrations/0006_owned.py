"""What happened with an invitation belongs to its customer, in its own row and by reference."""

import django.db.models.deletion
from django.db import migrations, models

CHILDREN = ("invitationevent", "consentstate")


def owner(**options):
    return models.ForeignKey(
        to="tenants.customer", on_delete=django.db.models.deletion.PROTECT, related_name="+", **options
    )


def fill(table):
    return migrations.RunSQL(
        f"""UPDATE tenants_{table} child SET customer_id = invitation.customer_id
            FROM tenants_invitation invitation WHERE invitation.id = child.invitation_id;
            SET CONSTRAINTS ALL IMMEDIATE;""",
        migrations.RunSQL.noop,
    )


def reference(table, column, target):
    """No row can name an invitation or directory of another customer. Checked at the end, as Django's own are."""
    return migrations.RunSQL(
        f"""ALTER TABLE tenants_{table} ADD CONSTRAINT tenants_{table}_owner
            FOREIGN KEY (customer_id, {column}) REFERENCES tenants_{target} (customer_id, id)
            DEFERRABLE INITIALLY DEFERRED""",
        f"ALTER TABLE tenants_{table} DROP CONSTRAINT tenants_{table}_owner",
    )


class Migration(migrations.Migration):
    dependencies = [("tenants", "0005_credential_status")]

    operations = [
        *(migrations.AddField(child, "customer", owner(null=True)) for child in CHILDREN),
        *(fill(child) for child in CHILDREN),
        *(migrations.AlterField(child, "customer", owner()) for child in CHILDREN),
        migrations.AddConstraint(
            "invitation", models.UniqueConstraint(fields=["customer", "id"], name="invitation_of_customer")
        ),
        *(reference(child, "invitation_id", "invitation") for child in CHILDREN),
        reference("invitation", "tenant_id", "tenant"),
    ]
