"""Plans: one change of many phones, and a row for each phone."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("phones", "0004_diary"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="PlanItem",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("number", models.PositiveIntegerField()),
                ("line", models.PositiveIntegerField(blank=True, null=True)),
                ("before", models.JSONField(default=dict)),
                ("after", models.JSONField(default=dict)),
                (
                    "foreseen",
                    models.CharField(
                        choices=[
                            ("WILL_CHANGE", "Will change"),
                            ("ALREADY_SO", "Already so"),
                            ("CANNOT", "Can’t be changed"),
                            ("NEEDS_LOOK", "Needs a look"),
                        ],
                        max_length=12,
                    ),
                ),
                ("why", models.CharField(blank=True, default="", max_length=24)),
                ("details", models.JSONField(default=dict)),
                ("goes_first", models.BooleanField(default=False)),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("LEFT_OUT", "Left out"),
                            ("WAITING", "Waiting"),
                            ("CLAIMED", "Being read"),
                            ("SENDING", "Being sent"),
                            ("DONE", "Done"),
                            ("SAME", "Already so"),
                            ("CHANGED", "Skipped, changed meanwhile"),
                            ("REFUSED", "Refused"),
                            ("FAILED", "Failed"),
                            ("MISMATCH", "Diga stored something else"),
                            ("UNKNOWN", "Not known"),
                            ("NOT_TRIED", "Not attempted"),
                        ],
                        max_length=10,
                    ),
                ),
                ("owner", models.UUIDField(blank=True, null=True)),
                ("leased_until", models.DateTimeField(blank=True, null=True)),
                ("try_count", models.PositiveSmallIntegerField(default=0)),
                ("cause", models.CharField(blank=True, default="", max_length=24)),
                ("message", models.TextField(blank=True, default="")),
                ("finished_at", models.DateTimeField(blank=True, null=True)),
            ],
        ),
        migrations.AddField(
            model_name="project",
            name="approved_above",
            field=models.PositiveIntegerField(blank=True, default=None, null=True, verbose_name="second person above"),
        ),
        migrations.AddField(
            model_name="project",
            name="typed_above",
            field=models.PositiveIntegerField(
                blank=True, db_default=10, default=10, null=True, verbose_name="type the count above"
            ),
        ),
        migrations.AlterField(
            model_name="change",
            name="source",
            field=models.CharField(
                choices=[
                    ("FORM", "form"),
                    ("PLAN", "plan"),
                    ("IMPORT", "file"),
                    ("UPGRADE", "new version of an agent"),
                    ("REVERT", "taken back"),
                    ("OUTSIDE", "outside this desk"),
                ],
                max_length=12,
            ),
        ),
        migrations.CreateModel(
            name="Plan",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("CHANGE", "change of many numbers"),
                            ("IMPORT", "file"),
                            ("REVERT", "taking back"),
                            ("RETRY", "second try"),
                            ("REST", "the rest"),
                        ],
                        max_length=8,
                    ),
                ),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("PREVIEW", "Preview"),
                            ("PROPOSED", "Waiting for approval"),
                            ("RUNNING", "Running"),
                            ("PAUSED", "Paused"),
                            ("STOPPED", "Stopped"),
                            ("FINISHED", "Finished"),
                            ("DISCARDED", "Discarded"),
                        ],
                        default="PREVIEW",
                        max_length=10,
                    ),
                ),
                ("author_name", models.TextField(blank=True, default="")),
                ("reason", models.TextField()),
                ("ticket", models.TextField(blank=True, default="")),
                ("wish", models.JSONField(default=dict)),
                ("agreed", models.JSONField(default=list)),
                ("problems", models.JSONField(default=list)),
                ("approver_name", models.TextField(blank=True, default="")),
                ("created_at", models.DateTimeField()),
                ("foreseen_at", models.DateTimeField()),
                ("started_at", models.DateTimeField(blank=True, null=True)),
                ("ran_seconds", models.FloatField(default=0.0)),
                ("resumed_at", models.DateTimeField(blank=True, null=True)),
                ("finished_at", models.DateTimeField(blank=True, null=True)),
                ("cause", models.CharField(blank=True, default="", max_length=24)),
                ("message", models.TextField(blank=True, default="")),
                ("form_token", models.UUIDField(blank=True, null=True, unique=True)),
                ("is_told", models.BooleanField(default=False)),
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
                    "author",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="plans",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "origin",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="followers",
                        to="phones.plan",
                    ),
                ),
                (
                    "project",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="plans", to="phones.project"
                    ),
                ),
            ],
        ),
        migrations.AddField(
            model_name="change",
            name="plan",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="changes",
                to="phones.plan",
            ),
        ),
        migrations.AddIndex(
            model_name="change",
            index=models.Index(
                condition=models.Q(("plan__isnull", False)), fields=["plan", "-id"], name="change_by_plan"
            ),
        ),
        migrations.AddField(
            model_name="planitem",
            name="change",
            field=models.OneToOneField(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="item",
                to="phones.change",
            ),
        ),
        migrations.AddField(
            model_name="planitem",
            name="phone",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="plan_items", to="phones.phone"
            ),
        ),
        migrations.AddField(
            model_name="planitem",
            name="plan",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE, related_name="items", to="phones.plan"
            ),
        ),
        migrations.AddField(
            model_name="planitem",
            name="reverts",
            field=models.ForeignKey(
                blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name="+", to="phones.change"
            ),
        ),
        migrations.AddIndex(
            model_name="plan",
            index=models.Index(fields=["project", "-id"], name="plan_by_project"),
        ),
        migrations.AddIndex(
            model_name="plan",
            index=models.Index(condition=models.Q(("state", "RUNNING")), fields=["state"], name="plan_running"),
        ),
        migrations.AddIndex(
            model_name="plan",
            index=models.Index(
                condition=models.Q(("is_told", False), ("state__in", ["STOPPED", "FINISHED", "PAUSED"])),
                fields=["author", "project"],
                name="plan_untold",
            ),
        ),
        migrations.AddIndex(
            model_name="planitem",
            index=models.Index(fields=["plan", "state", "number"], name="item_by_state"),
        ),
        migrations.AddIndex(
            model_name="planitem",
            index=models.Index(fields=["plan", "foreseen", "number"], name="item_by_foreseen"),
        ),
        migrations.AddIndex(
            model_name="planitem",
            index=models.Index(fields=["plan", "-finished_at"], name="item_by_end"),
        ),
        migrations.AddConstraint(
            model_name="planitem",
            constraint=models.UniqueConstraint(fields=("plan", "number"), name="one_item_a_number"),
        ),
        migrations.AddConstraint(
            model_name="planitem",
            constraint=models.UniqueConstraint(fields=("plan", "phone"), name="one_item_a_phone"),
        ),
    ]
