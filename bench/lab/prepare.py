"""Fills a new database through the product's services: tables, two people, a connected and synced project.

Run as `python -m bench.lab.prepare`, with `DJANGO_SETTINGS_MODULE=bench.lab.settings`. Prints what the benchmarks need.
"""

import json
import sys
import time

import django
from django.core.management import call_command

# These passwords protect invented phones in a temporary folder.
MEMBER, SUPERUSER, PASSWORD = "member", "superuser", "bench-phone-desk"
TOKEN = "sandbox-aurora-full"


def main() -> None:
    """Fill the database."""
    django.setup()
    from django.contrib.auth.models import User
    from django.db import connection
    from django.utils import timezone

    from phones.models import Membership, Role
    from phones.services.projects import keys
    from phones.services.routing.catalogue import catalogue_of
    from phones.services.sync import passes

    call_command("migrate", verbosity=0)
    member = User.objects.create_user(MEMBER, password=PASSWORD, first_name="Rita", last_name="Robles")
    User.objects.create_superuser(SUPERUSER, password=PASSWORD)
    project, _check = keys.connect_project(name="Clínicas Aurora", token=TOKEN, actor=None, now=timezone.now())
    Membership.objects.create(project=project, user=member, role=Role.ADMIN)
    started_at = time.perf_counter()
    run = passes.sync_project(project=project, clock=timezone.now)
    if not run.is_complete:
        raise SystemExit(f"The sync stopped: {run.cause}")
    sync_seconds = time.perf_counter() - started_at
    if connection.vendor == "postgresql":
        # As autovacuum would within a minute; it may be off here, and a count then reads every row.
        with connection.cursor() as cursor:
            cursor.execute("VACUUM ANALYZE")
    project.refresh_from_db()
    agent = next(agent for agent in catalogue_of(project).offered if agent.published)
    found = {
        "slug": project.slug,
        "agent": str(agent.id),
        "phone_count": run.phone_count,
        "sync_seconds": sync_seconds,
    }
    sys.stdout.write(json.dumps(found))


if __name__ == "__main__":
    main()
