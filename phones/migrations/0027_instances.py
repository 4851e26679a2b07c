"""Which folders of data belong to this database."""

import uuid

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('phones', '0026_put_back_plans'),
    ]

    operations = [
        migrations.CreateModel(
            name='Instance',
            fields=[
                ('id', models.UUIDField(default=uuid.uuid4, primary_key=True, serialize=False)),
                ('host', models.TextField()),
                ('noted_at', models.DateTimeField()),
                ('admitted_at', models.DateTimeField(null=True)),
            ],
        ),
    ]
