"""Tags on numbers, and which a project has."""

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('phones', '0028_alerts'),
    ]

    operations = [
        migrations.AddField(
            model_name='phone',
            name='tags',
            field=models.TextField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name='project',
            name='tags',
            field=models.JSONField(blank=True, db_default=[], default=list),
        ),
        migrations.AddIndex(
            model_name='phone',
            index=models.Index(condition=models.Q(('tags__isnull', False)), fields=['project', 'number', 'id', 'tags'], name='phone_tagged'),
        ),
    ]
