"""The cache's table, which `createcachetable` made until now; and proofs of the keys of this installation."""

from typing import Any

from django.db import migrations, models


def make_cache_table(apps: Any, schema_editor: Any) -> None:
    """Make the table as `createcachetable` does, unless it is there."""
    moment = "datetime" if schema_editor.connection.vendor == "sqlite" else "timestamp with time zone"
    schema_editor.execute(
        'CREATE TABLE IF NOT EXISTS "cache" ("cache_key" varchar(255) NOT NULL PRIMARY KEY, "value" text NOT NULL, '
        f'"expires" {moment} NOT NULL)'
    )
    schema_editor.execute('CREATE INDEX IF NOT EXISTS "cache_expires" ON "cache" ("expires")')


class Migration(migrations.Migration):

    dependencies = [
        ('phones', '0023_confirmed_reads'),
    ]

    operations = [
        # It stays when this is taken back: the older release needs it as well.
        migrations.RunPython(make_cache_table, migrations.RunPython.noop),
        migrations.CreateModel(
            name='KeyProof',
            fields=[
                ('setting', models.CharField(max_length=16, primary_key=True, serialize=False)),
                ('proof', models.TextField()),
                ('noted_at', models.DateTimeField()),
            ],
        ),
    ]
