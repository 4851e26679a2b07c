"""A complete pass confirms all rows it lists by its own time; those that it did not list are marked."""

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('phones', '0022_words_of_undo'),
    ]

    operations = [
        migrations.AddField(
            model_name='phone',
            name='unlisted_since',
            field=models.DateTimeField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name='project',
            name='confirmed_at',
            field=models.DateTimeField(blank=True, null=True),
        ),
    ]
