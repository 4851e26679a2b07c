"""A username is unique whatever its case, by an index of the database: two requests at once can't make two either."""

from collections import defaultdict
from typing import Any

from django.conf import settings
from django.core.management.base import CommandError
from django.db import migrations

INDEX = "username_taken_in_any_case"
# SQLite’s LOWER knows ASCII only; these are the other capitals of Spanish and of its neighbours. Its parser nests no deeper
# than some 25 calls.
CAPITALS = "ÁÉÍÓÚÜÑÇÀÈÒÏÂÊÔÃÕ"
RENAME = "manage.py shell -c \"from django.contrib.auth.models import User; User.objects.filter(pk={pk}).update(username='…')\""


def make_index(apps: Any, schema_editor: Any) -> None:
    """Make the index.

    :raises CommandError: usernames differ by case alone; it names them.
    """
    accounts = defaultdict(list)
    for user in apps.get_model("auth", "User").objects.order_by("pk").only("pk", "username"):
        accounts[user.username.lower()].append(user)
    doubles = [users for users in accounts.values() if len(users) > 1]
    if doubles:
        named = "; ".join(" and ".join(f"{user.username} (id {user.pk})" for user in users) for users in doubles)
        raise CommandError(
            f"Usernames that differ by case alone are no longer possible, and there are such: {named}. Nothing was "
            f"changed. Give all but one of each another name, for example by {RENAME.format(pk=doubles[0][-1].pk)}, "
            "and migrate again."
        )
    folded = "username"
    if schema_editor.connection.vendor == "sqlite":
        for capital in CAPITALS:
            folded = f"replace({folded}, '{capital}', '{capital.lower()}')"
    schema_editor.execute(f"CREATE UNIQUE INDEX {INDEX} ON auth_user (lower({folded}))")


def drop_index(apps: Any, schema_editor: Any) -> None:
    """Drop the index."""
    schema_editor.execute(f"DROP INDEX {INDEX}")


class Migration(migrations.Migration):
    dependencies = [("phones", "0016_sessions"), migrations.swappable_dependency(settings.AUTH_USER_MODEL)]

    operations = [migrations.RunPython(make_index, drop_index)]
