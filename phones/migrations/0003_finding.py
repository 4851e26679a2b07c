"""What makes 100,000 phones findable: the trigram index, and an index a sort order."""

import datetime

import django.db.models.functions.comparison
from django.apps.registry import Apps
from django.db import migrations, models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

from phones.migrations import _finding_sql as sql
from phones.migrations._frozen import agent_key


def fill_sort_keys(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    """Give the agents of an older release their place in a sorted list."""
    agents = list(apps.get_model("phones", "Agent").objects.all())
    for agent in agents:
        agent.sort_key = agent_key(agent.pk, agent.name)
    apps.get_model("phones", "Agent").objects.bulk_update(agents, ["sort_key"], batch_size=200)


def make_search(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    """Make what Django has no words for, in the words of the database at hand."""
    is_sqlite = schema_editor.connection.vendor == "sqlite"
    before = (*sql.SQLITE_TABLES, *sql.SQLITE_TRIGGERS, *sql.SQLITE_ROWS) if is_sqlite else sql.POSTGRES
    for statement in (*before, *sql.BOTH_ROWS):
        schema_editor.execute(statement, params=None)


def unmake_search(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    """Take away what `make_search` made; the room in PostgreSQL's pages is of 0002."""
    for statement in sql.SQLITE_GONE if schema_editor.connection.vendor == "sqlite" else sql.POSTGRES_GONE:
        schema_editor.execute(statement, params=None)


def expect_many(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    """Tell SQLite's planner what it will find in the table of phones, index by index."""
    if schema_editor.connection.vendor != "sqlite":
        return
    with schema_editor.connection.cursor() as cursor:
        cursor.execute("ANALYZE sqlite_schema")
        cursor.execute("DELETE FROM sqlite_stat1 WHERE tbl = 'phones_phone'")
        cursor.execute("SELECT name, partial FROM pragma_index_list('phones_phone')")
        for index, is_partial in cursor.fetchall():
            cursor.execute("SELECT name FROM pragma_index_info(%s) ORDER BY seqno", [index])
            figures = sql.expected([column for (column,) in cursor.fetchall()], is_partial=bool(is_partial))
            cursor.execute("INSERT INTO sqlite_stat1 (tbl, idx, stat) VALUES ('phones_phone', %s, %s)", [index, figures])
        cursor.execute("ANALYZE sqlite_schema")


class Migration(migrations.Migration):
    dependencies = [("phones", "0002_copies_and_views")]

    operations = [
        migrations.RemoveIndex(
            model_name='phone',
            name='phone_by_inbound',
        ),
        migrations.RemoveIndex(
            model_name='phone',
            name='phone_by_outbound',
        ),
        migrations.AddField(
            model_name='agent',
            name='sort_key',
            field=models.TextField(db_default='', editable=False),
        ),
        migrations.AddField(
            model_name='phone',
            name='assigned_key',
            field=models.GeneratedField(db_persist=True, expression=django.db.models.functions.comparison.Coalesce('assigned_at', models.Value(datetime.datetime(1, 1, 2, 0, 0, tzinfo=datetime.UTC))), output_field=models.DateTimeField()),
        ),
        migrations.AddField(
            model_name='phone',
            name='inbound_key',
            field=models.TextField(db_default='', editable=False),
        ),
        migrations.AddField(
            model_name='phone',
            name='outbound_key',
            field=models.TextField(db_default='', editable=False),
        ),
        migrations.AddIndex(
            model_name='phone',
            index=models.Index(fields=['project', 'inbound_agent_id', 'number'], name='phone_by_inbound'),
        ),
        migrations.AddIndex(
            model_name='phone',
            index=models.Index(fields=['project', 'outbound_agent_id', 'number'], name='phone_by_outbound'),
        ),
        migrations.AddIndex(
            model_name='phone',
            index=models.Index(fields=['project', 'nickname_key', 'number'], name='phone_order_nickname'),
        ),
        migrations.AddIndex(
            model_name='phone',
            index=models.Index(fields=['project', 'status', 'number'], name='phone_order_status'),
        ),
        migrations.AddIndex(
            model_name='phone',
            index=models.Index(fields=['project', 'inbound_key', 'number'], name='phone_order_inbound'),
        ),
        migrations.AddIndex(
            model_name='phone',
            index=models.Index(fields=['project', 'outbound_key', 'number'], name='phone_order_outbound'),
        ),
        migrations.AddIndex(
            model_name='phone',
            index=models.Index(fields=['project', 'telephony_provider', 'number'], name='phone_order_provider'),
        ),
        migrations.AddIndex(
            model_name='phone',
            index=models.Index(fields=['project', 'assigned_key', 'number'], name='phone_order_assigned'),
        ),
        migrations.AddIndex(
            model_name='phone',
            index=models.Index(condition=models.Q(('missing_since__isnull', False)), fields=['project', 'number'], name='phone_missing'),
        ),
        migrations.RunPython(fill_sort_keys, migrations.RunPython.noop),
        migrations.RunPython(make_search, unmake_search),
        migrations.RunPython(expect_many, migrations.RunPython.noop),
    ]
