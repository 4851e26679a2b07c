"""Plans that put others back by themselves."""

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('phones', '0025_preferences'),
    ]

    operations = [
        migrations.AlterField(
            model_name='plan',
            name='kind',
            field=models.CharField(choices=[('CHANGE', 'change of many numbers'), ('IMPORT', 'file'), ('REVERT', 'undo'), ('PUT_BACK', 'putting back by itself'), ('RETRY', 'second try'), ('REST', 'the rest'), ('PUBLISH', 'publishing a version'), ('REATTACH', 'giving an agent back')], max_length=8),
        ),
    ]
