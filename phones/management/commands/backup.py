"""Writes the database to one file, while web and worker run."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import CommandError
from django.utils import timezone

from phones.management.ready_command import ReadyCommand
from phones.services.installation.backup import make_backup
from phones.services.installation.engines import ProgramFailed, ProgramMissing


class Command(ReadyCommand):
    """`manage.py backup FILE`: the database as of one moment, for its user alone (0600)."""

    help = "Write the database to one new file, as of one moment, while Phone Desk runs. The keys are not in it."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Take the file."""
        parser.add_argument("file", type=Path, help="The file to write. It must not be there yet.")

    def handle(self, *args: Any, **options: Any) -> None:
        """Write it, and say what is not in it."""
        file: Path = options["file"].absolute()
        try:
            manifest = make_backup(file, now=timezone.now())
        except FileExistsError:
            raise CommandError(f"{file} is there already. A backup is never overwritten.") from None
        except OSError as error:
            raise CommandError(f"{file} can't be written: {error.strerror}.") from None
        except ProgramMissing as missing:
            raise CommandError(f"A backup of PostgreSQL needs {missing}, which is not on this machine.") from None
        except ProgramFailed as failed:
            raise CommandError(f"There is no backup. {failed}") from None
        ends = sum(number for number, _mac in manifest.heads.values())
        self.stdout.write(f"{file}: Phone Desk {manifest.version}, {len(manifest.heads)} chains, {ends} seals.")
        self.stdout.write(
            "The keys (SECRET_KEY, TOKEN_KEYS, DIARY_KEY) are not in it: keep them, and diary-heads, elsewhere."
        )
