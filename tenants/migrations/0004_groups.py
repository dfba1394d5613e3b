import django.db.models.functions.text
from django.conf import settings
from django.db import migrations, models

KEY = models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")


class Migration(migrations.Migration):
    dependencies = [
        ("tenants", "0003_invitations"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            "CustomerGroup",
            [
                ("id", KEY),
                ("name", models.CharField(max_length=100, verbose_name="name")),
                (
                    "analysts",
                    models.ManyToManyField(
                        blank=True,
                        related_name="customer_groups",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="analysts",
                    ),
                ),
                (
                    "customers",
                    models.ManyToManyField(
                        blank=True, related_name="groups", to="tenants.customer", verbose_name="customers"
                    ),
                ),
            ],
            {
                "ordering": ["name"],
                "constraints": [
                    models.UniqueConstraint(
                        django.db.models.functions.text.Lower("name"),
                        name="customer_group_name_any_case",
                        violation_error_message="There is one already.",
                    )
                ],
            },
        ),
    ]
