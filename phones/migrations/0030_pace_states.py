"""The state of the pace while Redis is down."""

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('phones', '0029_tags'),
    ]

    operations = [
        migrations.CreateModel(
            name='PaceState',
            fields=[
                ('name', models.CharField(max_length=64, primary_key=True, serialize=False)),
                ('state', models.TextField()),
            ],
        ),
    ]
