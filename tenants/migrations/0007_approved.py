"""A directory that is approved again stays connected since when it was; both times are kept."""

import django.utils.timezone
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("tenants", "0006_owned")]

    operations = [
        migrations.AddField("tenant", "approved_at", models.DateTimeField(default=django.utils.timezone.now)),
        migrations.RunSQL("UPDATE tenants_tenant SET approved_at = connected_at", migrations.RunSQL.noop),
    ]
