"""The tables of upgrades: other versions of agents, published for all their numbers at once."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("phones", "0005_plans"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="AgentUpgrade",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("agent_id", models.UUIDField()),
                ("agent_name", models.TextField()),
                ("before", models.JSONField()),
                ("after", models.JSONField()),
                ("stored", models.JSONField(default=dict)),
                ("phone_count", models.PositiveIntegerField()),
                ("agreed", models.CharField(max_length=80)),
                ("actor_name", models.TextField(blank=True, default="")),
                ("reason", models.TextField()),
                ("ticket", models.TextField(blank=True, default="")),
                ("approver_name", models.TextField(blank=True, default="")),
                (
                    "outcome",
                    models.CharField(
                        choices=[
                            ("PROPOSED", "Waiting for approval"),
                            ("DISCARDED", "Discarded"),
                            ("PENDING", "Being sent"),
                            ("CONFIRMED", "Confirmed by Diga"),
                            ("MISMATCH", "Diga stored something else"),
                            ("REFUSED", "Refused by Diga"),
                            ("FAILED", "Not applied"),
                            ("UNKNOWN", "Not known"),
                        ],
                        max_length=12,
                    ),
                ),
                ("http_status", models.PositiveSmallIntegerField(blank=True, null=True)),
                ("message", models.TextField(blank=True, default="")),
                ("cause", models.CharField(blank=True, default="", max_length=24)),
                ("request_id", models.TextField(blank=True, default="")),
                ("created_at", models.DateTimeField()),
                ("sent_at", models.DateTimeField(blank=True, null=True)),
                ("settled_at", models.DateTimeField(blank=True, null=True)),
                ("verified_at", models.DateTimeField(blank=True, null=True)),
                ("duration_ms", models.PositiveIntegerField(blank=True, null=True)),
                ("next_look_at", models.DateTimeField(blank=True, null=True)),
                ("look_count", models.PositiveSmallIntegerField(default=0)),
                ("form_token", models.UUIDField(blank=True, null=True, unique=True)),
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
                    "approver",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "project",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="upgrades", to="phones.project"
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="UpgradeItem",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("before", models.JSONField()),
                (
                    "read_back",
                    models.CharField(
                        choices=[
                            ("WAITING", "Not read yet"),
                            ("KEPT", "Still has the agent"),
                            ("DETACHED", "Lost the agent"),
                            ("MOVED", "Changed here since"),
                            ("GONE", "Not known to Diga any more"),
                            ("UNREAD", "Could not be read"),
                        ],
                        default="WAITING",
                        max_length=10,
                    ),
                ),
                ("try_count", models.PositiveSmallIntegerField(default=0)),
                (
                    "change",
                    models.OneToOneField(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="upgrade_item",
                        to="phones.change",
                    ),
                ),
                (
                    "phone",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="upgrade_items", to="phones.phone"
                    ),
                ),
                (
                    "upgrade",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="items", to="phones.agentupgrade"
                    ),
                ),
            ],
        ),
        migrations.AddIndex(
            model_name="agentupgrade",
            index=models.Index(fields=["project", "agent_id", "-id"], name="upgrade_by_agent"),
        ),
        migrations.AddIndex(
            model_name="agentupgrade",
            index=models.Index(
                condition=models.Q(("outcome__in", ["PENDING", "UNKNOWN"])), fields=["sent_at"], name="upgrade_open"
            ),
        ),
        migrations.AddIndex(
            model_name="agentupgrade",
            index=models.Index(
                condition=models.Q(("outcome__in", ["CONFIRMED", "MISMATCH"]), ("verified_at", None)),
                fields=["settled_at"],
                name="upgrade_unverified",
            ),
        ),
        migrations.AddConstraint(
            model_name="agentupgrade",
            constraint=models.UniqueConstraint(
                condition=models.Q(("outcome", "PENDING")), fields=("agent_id",), name="one_upgrade_an_agent"
            ),
        ),
        migrations.AddIndex(
            model_name="upgradeitem",
            index=models.Index(fields=["upgrade", "read_back", "id"], name="upgraded_by_read_back"),
        ),
        migrations.AddConstraint(
            model_name="upgradeitem",
            constraint=models.UniqueConstraint(fields=("upgrade", "phone"), name="one_upgrade_item_a_phone"),
        ),
    ]
