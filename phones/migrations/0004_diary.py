"""What makes the diary append-only: its chain, and one write a phone at a time. Its triggers follow each `migrate`."""

from typing import Any

import django.db.models.deletion
from django.db import migrations, models

from phones.migrations._frozen import BEGUN_FIELDS, SETTLED_FIELDS, change_digest, export_head, seal_mac


def seal_what_is_there(apps: Any, schema_editor: Any) -> None:
    """Begin a chain for the changes that were made before there were seals, as they are found."""
    Change, ChangeSeal, ChainHead = (apps.get_model("phones", name) for name in ("Change", "ChangeSeal", "ChainHead"))
    heads: dict[Any, tuple[int, str]] = {}
    for change in Change.objects.order_by("pk").values(*BEGUN_FIELDS, *SETTLED_FIELDS).iterator():
        kind, digest = change_digest(change)
        project_id, change_id = change["project_id"], change["id"]
        last, before = heads.get(project_id, (0, ""))
        mac = seal_mac(project_id, last + 1, change_id, kind, digest, before)
        ChangeSeal.objects.create(
            project_id=project_id, number=last + 1, change_id=change_id, kind=kind, digest=digest, mac=mac
        )
        heads[project_id] = (last + 1, mac)
    for project_id, (number, mac) in heads.items():
        ChainHead.objects.create(project_id=project_id, number=number, mac=mac)
        export_head(project_id, number, mac)


class Migration(migrations.Migration):
    dependencies = [("phones", "0003_finding")]

    operations = [
        migrations.AddIndex(
            model_name="change",
            index=models.Index(
                condition=models.Q(("outcome__in", ["PENDING", "UNKNOWN"])), fields=["created_at"], name="change_open"
            ),
        ),
        migrations.AddConstraint(
            model_name="change",
            constraint=models.UniqueConstraint(
                condition=models.Q(("outcome", "PENDING")), fields=("phone",), name="one_write_a_phone"
            ),
        ),
        migrations.CreateModel(
            name="ChainHead",
            fields=[
                (
                    "project",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT,
                        primary_key=True,
                        related_name="chain_head",
                        serialize=False,
                        to="phones.project",
                    ),
                ),
                ("number", models.PositiveBigIntegerField(default=0)),
                ("mac", models.CharField(blank=True, default="", max_length=64)),
            ],
        ),
        migrations.CreateModel(
            name="ChangeSeal",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("number", models.PositiveBigIntegerField()),
                ("kind", models.CharField(choices=[("BEGUN", "Begun"), ("SETTLED", "Settled")], max_length=8)),
                ("digest", models.CharField(max_length=64)),
                ("mac", models.CharField(max_length=64)),
                (
                    "change",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="seals", to="phones.change"
                    ),
                ),
                (
                    "project",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="seals", to="phones.project"
                    ),
                ),
            ],
        ),
        migrations.AddConstraint(
            model_name="changeseal",
            constraint=models.UniqueConstraint(fields=("project", "number"), name="one_seal_a_number"),
        ),
        migrations.RunPython(seal_what_is_there, migrations.RunPython.noop),
    ]
