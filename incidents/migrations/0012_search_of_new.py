"""A new incident is found by its own words at once, without a second version of its row."""

from django.db import migrations

TRIGGER = """
CREATE TRIGGER search_of_new BEFORE INSERT ON incidents_incident FOR EACH ROW
    EXECUTE FUNCTION tsvector_update_trigger(search, 'pg_catalog.simple', words)
"""


class Migration(migrations.Migration):
    dependencies = [("incidents", "0011_listings")]

    operations = [migrations.RunSQL(TRIGGER, "DROP TRIGGER search_of_new ON incidents_incident")]
