"""A window knows when it was begun: one that was interrupted for long must not hide what arrived meanwhile."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("incidents", "0007_completeness")]

    operations = [migrations.AddField("syncstate", "began_at", models.DateTimeField(null=True))]
