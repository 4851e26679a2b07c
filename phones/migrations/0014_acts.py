"""The acts of people, in the chains of the changes: a chain has an id, as that of the site belongs to no project."""

from typing import Any

import django.db.models.deletion
from django.apps.registry import Apps
from django.conf import settings
from django.db import migrations, models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.exceptions import IrreversibleError


def refuse_with_acts(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    """Refuse the way back once there are acts: the older release takes a chain with acts for one that was altered.

    :raises IrreversibleError: there are acts.
    """
    if apps.get_model("phones", "Act").objects.exists():
        raise IrreversibleError("The history has acts, which the older release can't verify.")


def person(name: str) -> tuple[str, models.ForeignKey[Any, Any]]:
    """Return a column for the id of a person, which stays when their account is deleted."""
    field = models.ForeignKey(
        db_constraint=False,
        null=True,
        on_delete=django.db.models.deletion.DO_NOTHING,
        related_name="+",
        to=settings.AUTH_USER_MODEL,
    )
    return name, field


class Migration(migrations.Migration):
    dependencies = [
        ("phones", "0013_publishing_is_a_plan"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="Act",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "project",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="acts",
                        to="phones.project",
                    ),
                ),
                ("kind", models.CharField(max_length=32)),
                person("actor"),
                ("actor_username", models.TextField()),
                ("actor_name", models.TextField()),
                person("subject"),
                ("subject_username", models.TextField()),
                ("subject_name", models.TextField()),
                ("details", models.JSONField()),
                ("address", models.CharField(max_length=45)),
                ("at", models.DateTimeField()),
            ],
            options={
                "indexes": [
                    models.Index(fields=["project", "-id"], name="act_by_project"),
                    models.Index(fields=["actor", "-id"], name="act_by_actor"),
                ],
            },
        ),
        migrations.RunPython(migrations.RunPython.noop, refuse_with_acts),
        migrations.RenameField(model_name="chainhead", old_name="project", new_name="chain"),
        migrations.AlterField(
            model_name="chainhead",
            name="chain",
            field=models.UUIDField(primary_key=True, serialize=False),
        ),
        migrations.RemoveConstraint(model_name="chainbreak", name="one_break_a_note"),
        migrations.RenameField(model_name="chainbreak", old_name="project", new_name="chain"),
        migrations.AlterField(model_name="chainbreak", name="chain", field=models.UUIDField()),
        migrations.AddConstraint(
            model_name="chainbreak",
            constraint=models.UniqueConstraint(fields=("chain", "noted"), name="one_break_a_note"),
        ),
        migrations.RemoveConstraint(model_name="changeseal", name="one_seal_a_number"),
        migrations.RenameField(model_name="changeseal", old_name="project", new_name="chain"),
        migrations.AlterField(model_name="changeseal", name="chain", field=models.UUIDField()),
        migrations.AlterField(
            model_name="changeseal",
            name="change",
            field=models.ForeignKey(
                null=True, on_delete=django.db.models.deletion.PROTECT, related_name="seals", to="phones.change"
            ),
        ),
        migrations.AlterField(
            model_name="changeseal",
            name="kind",
            field=models.CharField(
                choices=[("BEGUN", "Begun"), ("SETTLED", "Settled"), ("ACT", "Act")], max_length=8
            ),
        ),
        migrations.AddField(
            model_name="changeseal",
            name="act",
            field=models.OneToOneField(
                null=True, on_delete=django.db.models.deletion.PROTECT, related_name="seal", to="phones.act"
            ),
        ),
        migrations.AddConstraint(
            model_name="changeseal",
            constraint=models.UniqueConstraint(fields=("chain", "number"), name="one_seal_a_number"),
        ),
        migrations.AddConstraint(
            model_name="changeseal",
            constraint=models.CheckConstraint(
                condition=models.Q(("change__isnull", True), ("act__isnull", True), _connector="XOR"),
                name="seal_of_one_entry",
            ),
        ),
    ]
