"""Which key of a project an answer was about."""

import uuid

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("phones", "0006_upgrades")]

    operations = [
        migrations.AddField(
            "project", "token_id", models.UUIDField(default=uuid.uuid4, editable=False, null=True)
        ),
        migrations.AddField(
            "project",
            "foreign_cause",
            models.CharField(blank=True, db_default="", default="", max_length=24),
        ),
    ]
