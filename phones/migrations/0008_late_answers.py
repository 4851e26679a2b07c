"""What Diga applies after its answer was lost: when it was given up, and whose change came late."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('phones', '0007_keys_and_claims'),
    ]

    operations = [
        migrations.AddField(
            model_name='agentupgrade',
            name='answer_lost_at',
            field=models.DateTimeField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name='change',
            name='answer_lost_at',
            field=models.DateTimeField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name='change',
            name='late_for',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='came_late', to='phones.change'),
        ),
        migrations.AlterField(
            model_name='change',
            name='source',
            field=models.CharField(choices=[('FORM', 'form'), ('PLAN', 'plan'), ('IMPORT', 'file'), ('UPGRADE', 'new version of an agent'), ('REVERT', 'taken back'), ('OUTSIDE', 'outside this desk'), ('LATE', 'applied late by Diga')], max_length=12),
        ),
    ]
