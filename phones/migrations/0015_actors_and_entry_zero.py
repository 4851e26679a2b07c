"""By which account a change was made, and as what phones were first seen: both sealed. Older entries have neither."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("phones", "0014_acts")]

    operations = [
        migrations.AddField(
            model_name="change",
            name="actor_username",
            field=models.TextField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name="change",
            name="actor_number",
            field=models.BigIntegerField(blank=True, null=True),
        ),
        migrations.RemoveConstraint(model_name="changeseal", name="seal_of_one_entry"),
        migrations.AlterField(
            model_name="changeseal",
            name="kind",
            field=models.CharField(
                choices=[("BEGUN", "Begun"), ("SETTLED", "Settled"), ("ACT", "Act"), ("SEEN", "Seen")], max_length=8
            ),
        ),
        migrations.AddConstraint(
            model_name="changeseal",
            constraint=models.CheckConstraint(
                condition=models.Q(("act__isnull", True), ("change__isnull", False), ("kind__in", ["BEGUN", "SETTLED"]))
                | models.Q(("act__isnull", False), ("change__isnull", True), ("kind", "ACT"))
                | models.Q(("act__isnull", True), ("change__isnull", True), ("kind", "SEEN")),
                name="seal_of_one_entry",
            ),
        ),
    ]
