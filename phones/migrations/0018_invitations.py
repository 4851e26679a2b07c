"""Invitations are rows. Links of earlier releases, which were signed and stored nowhere, open nothing any more."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('phones', '0017_usernames'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='Invitation',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('username', models.CharField(max_length=150)),
                ('username_key', models.CharField(db_index=True, max_length=150)),
                ('full_name', models.CharField(blank=True, default='', max_length=150)),
                ('role', models.CharField(choices=[('VIEWER', 'Viewer'), ('LABELLER', 'Labeller'), ('ROUTER', 'Router'), ('LEAD', 'Lead'), ('ADMIN', 'Administrator')], max_length=10)),
                ('code_hash', models.CharField(max_length=64, unique=True)),
                ('created_at', models.DateTimeField()),
                ('expires_at', models.DateTimeField()),
                ('accepted_at', models.DateTimeField(default=None, null=True)),
                ('revoked_at', models.DateTimeField(default=None, null=True)),
                ('invited_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('project', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='invitations', to='phones.project')),
                ('replaced_by', models.ForeignKey(default=None, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='replaced', to='phones.invitation')),
            ],
        ),
    ]
