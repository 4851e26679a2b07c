"""Lets a backup be the database. What it says is done by itself waits for `go_on`."""

from argparse import ArgumentParser
from datetime import timedelta
from pathlib import Path
from typing import Any

from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError
from django.db import connection
from django.utils import timezone

from dashboard.monitoring import machines
from dashboard.monitoring.readiness import demand_ready, known_migrations
from phones.models import Project, Session
from phones.services import heartbeat
from phones.services.audit.chain.breaks import find_break
from phones.services.audit.chain.runs import verify_and_record
from phones.services.audit.chain.verification import verify_guards
from phones.services.installation import restore
from phones.services.installation.archive import Manifest, NotABackup
from phones.services.installation.engines import ProgramFailed, ProgramMissing

# A worker says more often that it runs, and so does a web that is asked whether it is ready.
SEEN_WITHIN = timedelta(minutes=2)


class Command(BaseCommand):
    """`manage.py restore FILE`: into an empty database, or with `--replace` over what is there."""

    help = "Let a backup be the database. Stop web and worker first. Nothing is sent by itself until `go_on`."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Take the file, and whether what is there may go."""
        parser.add_argument("file", type=Path, help="A file that `backup` wrote.")
        parser.add_argument("--replace", action="store_true", help="Delete what the database holds now.")

    def handle(self, *args: Any, **options: Any) -> None:
        """Restore, bring the tables up to date, verify the history, and write it down."""
        _refuse_running()
        manifest = _restore(options["file"], replaces=options["replace"])
        call_command("migrate", interactive=False, verbosity=0)
        demand_ready()
        restore.note_restore(manifest, now=timezone.now())
        self.stdout.write(f"Restored: the database of Phone Desk {manifest.version}, as of {manifest.made_at}.")
        fault_count = self._verify()
        self.stdout.write("Nothing is sent by itself. Start web and worker, look, and then: manage.py go_on")
        if fault_count:
            raise CommandError(f"The restored history is not what was written: {fault_count} found.")

    def _verify(self) -> int:
        """Verify every chain; return the faults of those that have no break for an administrator to acknowledge."""
        guards = verify_guards()
        fault_count = len(guards)
        for project in (*Project.objects.order_by("slug"), None):
            slug = project.slug if project else "site"
            verdict = verify_and_record(project=project, guard_fault_count=len(guards), clock=timezone.now)
            counts = f"{verdict.change_count} changes, {verdict.act_count} acts, {verdict.seal_count} seals"
            self.stdout.write(f"{slug}: {counts}")
            for fault in verdict.faults:
                self.stderr.write(f"{slug}: {fault}")
            if find_break(project):
                self.stdout.write(f"{slug}: an administrator has to acknowledge that what came later is missing.")
            else:
                fault_count += verdict.fault_count
        return fault_count


def _refuse_running() -> None:
    """Make sure that no web and no worker was seen lately.

    :raises CommandError: one was.
    """
    if not {"cache", "phones_session"} <= set(connection.introspection.table_names()):
        return
    now = timezone.now()
    webs = machines.seen_since(now - SEEN_WITHIN)
    if Session.objects.filter(seen_at__gt=now - SEEN_WITHIN).exists():
        webs.append("somebody is signed in")
    if webs or (heartbeat.last_seen() and heartbeat.silence_of_workers(timezone.now) is None):
        running = ", ".join(webs) or "a worker"
        raise CommandError(
            f"Phone Desk runs ({running}). Stop web and worker, everywhere; two minutes later this goes on. "
            "Nothing was changed."
        )


def _restore(file: Path, *, replaces: bool) -> Manifest:
    """Restore, and turn what is in the way into a sentence."""
    try:
        return restore.restore_backup(file, known=known_migrations(), replaces=replaces)
    except NotABackup:
        why = f"{file} is no backup of Phone Desk, or it is damaged."
    except OSError as error:
        why = f"{file} can't be read: {error.strerror}."
    except restore.OtherDatabase as other:
        why = f"The backup is of another kind of database ({other}). See DATABASE_URL."
    except restore.NewerRelease as newer:
        why = f"The backup is of a newer release ({newer}). Install that one first."
    except restore.OtherKeys as other:
        why = f"{' and '.join(other.args[0])}: not the keys with which the backup was written. Set those first."
    except restore.NotEmpty:
        why = "The database has content. With --replace it is deleted."
    except ProgramMissing as missing:
        why = f"To restore PostgreSQL takes {missing}, which is not on this machine."
    except ProgramFailed as failed:
        why = f"The database refused it. {failed}"
    raise CommandError(f"{why} Nothing was changed.") from None
