"""Who did what with a plan; and the content of the form that made one, to tell a second send from another one."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("phones", "0008_late_answers"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AddField(
            model_name="plan",
            name="form_digest",
            field=models.CharField(blank=True, db_default="", default="", max_length=64),
        ),
        migrations.CreateModel(
            name="PlanStep",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("PROPOSED", "Proposed"),
                            ("RETURNED", "Returned"),
                            ("APPROVED", "Approved"),
                            ("APPLIED", "Applied"),
                            ("PAUSED", "Paused"),
                            ("RESUMED", "Resumed"),
                            ("STOPPED", "Stopped"),
                            ("DISCARDED", "Discarded"),
                        ],
                        max_length=10,
                    ),
                ),
                ("actor_name", models.TextField(blank=True, default="")),
                ("cause", models.CharField(blank=True, default="", max_length=24)),
                ("created_at", models.DateTimeField()),
                (
                    "actor",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "plan",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="steps", to="phones.plan"
                    ),
                ),
            ],
        ),
    ]
