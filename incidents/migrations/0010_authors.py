"""A change names who made it, as far as Microsoft does."""

from django.db import migrations, models

NAME = models.TextField(blank=True, db_default="")


class Migration(migrations.Migration):
    dependencies = [("incidents", "0009_unstored_parent")]

    operations = [
        migrations.AddField("incident", "modified_by", NAME),
        migrations.AddField("change", "author", NAME.clone()),
    ]
