"""Invitations that were withdrawn stay so."""

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('phones', '0018_invitations'),
    ]

    operations = [
        migrations.AddField(
            model_name='invitation',
            name='withdrawn_at',
            field=models.DateTimeField(default=None, null=True),
        ),
    ]
