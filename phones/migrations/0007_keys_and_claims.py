"""Which key of a project an answer was about."""

import uuid

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("phones", "0006_upgrades")]

    operations = [
        migrations.AddField(
            "project", "token_id", models.UUIDField(default=uuid.uuid4, editable=False, null=True)
        ),
    ]
