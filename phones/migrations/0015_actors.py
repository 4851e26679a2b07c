"""By which account a change was made, sealed with the entry. Entries of older releases have neither."""

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
    ]
