"""An item that could not be stored is of its own customer: the trigger of 0002 looks at these rows too."""

from django.db import migrations

EVENTS = ("INSERT", "UPDATE")
TRIGGERS = "".join(
    f"""CREATE TRIGGER require_parent_{event} AFTER {event} ON incidents_unstored REFERENCING NEW TABLE AS added
        FOR EACH STATEMENT EXECUTE FUNCTION incidents_require_parent('item_id', 'incidents_setaside');"""
    for event in EVENTS
)
NO_TRIGGERS = "".join(f"DROP TRIGGER require_parent_{event} ON incidents_unstored;" for event in EVENTS)


class Migration(migrations.Migration):
    dependencies = [("incidents", "0008_began")]

    operations = [migrations.RunSQL(TRIGGERS, NO_TRIGGERS)]
