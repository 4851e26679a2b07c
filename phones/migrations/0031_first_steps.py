"""Whether a person still sees the checklist of the first day."""

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('phones', '0030_pace_states'),
    ]

    operations = [
        migrations.AddField(
            model_name='preference',
            name='has_first_steps',
            field=models.BooleanField(default=True),
        ),
    ]
