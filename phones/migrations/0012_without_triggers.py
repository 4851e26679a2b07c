"""Search texts and sort keys are written by whoever writes phones and agents: the triggers of 0003_finding go."""

from django.apps.registry import Apps
from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

from phones.migrations import _finding_sql as sql


def drop_triggers(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    """Take the triggers away. What they have kept is right, and stays."""
    is_sqlite = schema_editor.connection.vendor == "sqlite"
    for statement in sql.SQLITE_WITHOUT_TRIGGERS if is_sqlite else sql.POSTGRES_WITHOUT_TRIGGERS:
        schema_editor.execute(statement, params=None)


def make_triggers(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    """Put the triggers back; they go on from what is there."""
    is_sqlite = schema_editor.connection.vendor == "sqlite"
    for statement in sql.SQLITE_TRIGGERS if is_sqlite else sql.POSTGRES_TRIGGERS:
        schema_editor.execute(statement, params=None)


class Migration(migrations.Migration):
    dependencies = [("phones", "0011_files")]

    operations = [migrations.RunPython(drop_triggers, make_triggers)]
