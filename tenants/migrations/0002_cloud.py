from django.conf import settings
from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.state import StateApps


def remember_cloud(apps: StateApps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    """The database belongs to the cloud of the process that made it."""
    apps.get_model("tenants", "MicrosoftCloud").objects.create(id=1, url=settings.MICROSOFT_CLOUD_URL)


class Migration(migrations.Migration):
    dependencies = [("tenants", "0001_initial")]
    operations = [migrations.RunPython(remember_cloud, migrations.RunPython.noop)]
