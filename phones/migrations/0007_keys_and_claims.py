"""Which key of a project an answer was about, what Diga refuses to tell, and who reads an upgrade's numbers back."""

import uuid

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("phones", "0006_upgrades")]

    operations = [
        migrations.AddField(
            "project", "token_id", models.UUIDField(default=uuid.uuid4, editable=False, null=True)
        ),
        migrations.AddField("agentupgrade", "owner", models.UUIDField(blank=True, null=True)),
        migrations.AddField("agentupgrade", "leased_until", models.DateTimeField(blank=True, null=True)),
        # Without defaults, so that SQLite adds columns to the table of phones instead of making it anew.
        migrations.AddField("phone", "refused_at", models.DateTimeField(blank=True, null=True)),
        migrations.AddField("phone", "refused_status", models.PositiveSmallIntegerField(blank=True, null=True)),
        migrations.AddField("phone", "refused_message", models.TextField(blank=True, null=True)),
        migrations.AddField(
            "project",
            "foreign_cause",
            models.CharField(blank=True, db_default="", default="", max_length=24),
        ),
    ]
