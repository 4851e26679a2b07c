"""What is to be done by itself at a later time."""

import django.db.models.deletion
import uuid
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('phones', '0020_calls'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AlterField(
            model_name='change',
            name='source',
            field=models.CharField(choices=[('FORM', 'form'), ('PLAN', 'plan'), ('IMPORT', 'file'), ('UPGRADE', 'new version of an agent'), ('REVERT', 'taken back'), ('PUT_BACK', 'put back by itself'), ('SCHEDULE', 'sent by itself at its time'), ('OUTSIDE', 'outside this desk'), ('LATE', 'applied late by Diga')], max_length=12),
        ),
        migrations.CreateModel(
            name='Schedule',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('kind', models.CharField(choices=[('PUT_BACK', 'Put back'), ('CHANGE', 'Change'), ('PUT_BACK_PLAN', 'Plan put back'), ('START_PLAN', 'Plan started')], max_length=16)),
                ('state', models.CharField(choices=[('WAITING', 'Waiting'), ('CLAIMED', 'Being done'), ('SENT', 'Under way'), ('DONE', 'Done'), ('SKIPPED', 'Left alone'), ('FAILED', 'Not done'), ('CANCELLED', 'Cancelled')], default='WAITING', max_length=10)),
                ('due_at', models.DateTimeField()),
                ('until_at', models.DateTimeField(blank=True, null=True)),
                ('author_name', models.TextField(blank=True, default='')),
                ('reason', models.TextField(blank=True, default='')),
                ('ticket', models.TextField(blank=True, default='')),
                ('before', models.JSONField(blank=True, default=dict)),
                ('after', models.JSONField(blank=True, default=dict)),
                ('agreed', models.JSONField(blank=True, default=list)),
                ('form_token', models.UUIDField(blank=True, null=True, unique=True)),
                ('send_token', models.UUIDField(default=uuid.uuid4, editable=False, unique=True)),
                ('owner', models.UUIDField(blank=True, null=True)),
                ('leased_until', models.DateTimeField(blank=True, null=True)),
                ('try_count', models.PositiveSmallIntegerField(default=0)),
                ('next_try_at', models.DateTimeField(blank=True, null=True)),
                ('cause', models.CharField(blank=True, default='', max_length=24)),
                ('message', models.TextField(blank=True, default='')),
                ('created_at', models.DateTimeField()),
                ('ended_at', models.DateTimeField(blank=True, null=True)),
                ('seen_by_name', models.TextField(blank=True, default='')),
                ('seen_at', models.DateTimeField(blank=True, null=True)),
                ('author', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('change', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='put_backs', to='phones.change')),
                ('made_plan', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='made_by_schedules', to='phones.plan')),
                ('phone', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='schedules', to='phones.phone')),
                ('plan', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='schedules', to='phones.plan')),
                ('project', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='schedules', to='phones.project')),
                ('result', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='made_by', to='phones.change')),
                ('seen_by', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'indexes': [models.Index(fields=['project', '-id'], name='schedule_by_project'), models.Index(condition=models.Q(('state__in', ['WAITING', 'CLAIMED', 'SENT'])), fields=['project', 'due_at'], name='schedule_open'), models.Index(condition=models.Q(('seen_at__isnull', True), ('state__in', ['SKIPPED', 'FAILED'])), fields=['project', '-id'], name='schedule_unseen')],
                'constraints': [models.UniqueConstraint(condition=models.Q(('kind', 'PUT_BACK'), ('state__in', ['WAITING', 'CLAIMED', 'SENT'])), fields=('change',), name='one_put_back_a_change')],
            },
        ),
    ]
