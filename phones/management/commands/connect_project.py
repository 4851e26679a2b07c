"""Connects a Diga project from a terminal, or replaces its key."""

import getpass
import sys
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.contrib.auth.models import User
from django.core.management.base import CommandError
from django.db.models import Q
from django.utils import timezone
from django.views.decorators.debug import sensitive_variables

from phones import diga
from phones.management.quiet import without_request_lines
from phones.management.ready_command import ReadyCommand
from phones.models import Project
from phones.services.people.members import make_administrator
from phones.services.projects import key_checks, keys
from phones.services.projects.identity import ForeignProject
from phones.services.projects.key_checks import Capability, KeyCheck
from phones.services.sync.passes import cause_of_read
from phones.wording.causes import words_for_cause

MARKS = {True: "✓", False: "✗", None: "?"}


class Command(ReadyCommand):
    """`manage.py connect_project NAME`: check a key with reads only, and keep it sealed. The key is never shown."""

    help = "Add a Diga project by its API key, or replace the key of the project with this name."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """See `--help`."""
        parser.add_argument("name", help="Name of the project, new or known (its address, such as aurora, does too).")
        parser.add_argument("--token-file", metavar="F", help="File with the API key; - reads standard input.")
        parser.add_argument("--admin", metavar="USERNAME", help="Who becomes an administrator of the project.")

    @sensitive_variables("token")
    def handle(self, *args: Any, **options: Any) -> None:
        """Read the key, let Diga check it, and say what it may do."""
        admin = find_person(options["admin"])
        token = read_key(options["token_file"])
        name, now = options["name"].strip(), timezone.now()
        project = Project.objects.filter(Q(name=name) | Q(slug=name)).first()
        is_new = project is None
        try:
            with without_request_lines(options["verbosity"]):
                if project is None:
                    project, check = keys.connect_project(name=name, token=token, actor=admin, now=now)
                else:
                    check = keys.replace_key(project=project, token=token, actor=admin, now=now)
        except keys.KeyRejected as rejected:
            self._show(rejected.check)
            raise CommandError(f"Nothing was stored. {why(rejected.check)}") from None
        except ForeignProject as error:
            raise CommandError(f"Nothing was stored. {words_for_cause(error.cause)}") from None
        if admin and not is_new:
            make_administrator(project=project, user=admin, now=now)
        self._show(check)
        done = "is connected" if is_new else "has the new key"
        self.stdout.write(f"{project.name} {done}, address /projects/{project.slug}/. Next: sync_phones {project.slug}")

    def _show(self, check: KeyCheck) -> None:
        for words, capability in (
            ("read phones", check.phones),
            ("read agents", check.agents),
            ("read calls (optional)", check.calls),
        ):
            self.stdout.write(f"{MARKS[capability.is_allowed]} {words}{count_of(capability)}")
        self.stdout.write("? change phones: the first save will tell")


def count_of(capability: Capability) -> str:
    """Return how many were seen, in brackets; "" where that says nothing."""
    if not capability.count:
        return ""
    return f" ({capability.count}{'' if capability.is_count_complete else ' or more'})"


def why(check: KeyCheck) -> str:
    """Return why a key can't be used, and what to do."""
    if isinstance(check.error, diga.DigaAuthError):
        return "Diga does not know this key. Was it copied whole?"
    return words_for_cause(cause_of_read(check.error)) if check.error else ""


def find_person(username: str | None) -> User | None:
    """Return the named person.

    :raises CommandError: there is no such person.
    """
    if username is None:
        return None
    person = User.objects.filter(username=username).first()
    if person is None:
        raise CommandError(f"There is no user {username!r}. Make one first: createsuperuser")
    return person


@sensitive_variables()
def read_key(token_file: str | None) -> str:
    """Return the key from the file, from standard input, or typed at the terminal.

    :raises CommandError: it can't be read, or can't be a key.
    """
    try:
        if token_file == "-":  # noqa: S105 - the sign for standard input.
            text = sys.stdin.read()
        elif token_file is not None:
            text = Path(token_file).read_text()
        elif sys.stdin.isatty():
            text = getpass.getpass("API key (not shown): ")
        else:
            raise CommandError("Where is the key? Name a file with --token-file, or - for standard input.")
        return key_checks.clean_key(text)
    except (OSError, UnicodeDecodeError) as error:
        raise CommandError(f"The key can’t be read from {token_file}: {error.__class__.__name__}.") from None
    except key_checks.UnusableKey as error:
        raise CommandError(str(error.args[0])) from None
