"""Fills a demo: people of every role, and the stand-in's projects, connected and synced."""

import time
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

import requests
from django.conf import settings
from django.contrib.auth.models import User
from django.core.management.base import CommandError, CommandParser
from django.utils import timezone

from phones.diga.sandbox import Sandbox
from phones.management.demo_history import begin_of_history, tell_history
from phones.management.ready_command import ReadyCommand
from phones.models import Membership, Project, Role
from phones.services.heartbeat import last_seen
from phones.services.projects import keys
from phones.services.projects.identity import ForeignProject
from phones.services.sync import passes
from phones.wording.causes import words_for_cause

PASSWORD = "demo-phone-desk"  # noqa: S105 - it is printed, and opens invented clinics only.
PEOPLE = (
    (Role.VIEWER, "Vera", "Vidal", "looks"),
    (Role.LABELLER, "Lucas", "Lara", "changes aliases, notes and tags"),
    (Role.ROUTER, "Rita", "Robles", "also changes agents"),
    (Role.LEAD, "Leo", "León", "as a router; also plans for many numbers"),
    (Role.ADMIN, "Ada", "Alba", "also the API key and the people"),
)
PATIENCE_SECONDS = 60.0


class Command(ReadyCommand):
    """`manage.py demo`: part of `make demo`, which starts the stand-in and the site around it. Can be run again."""

    help = "Prepare the demo in front of the stand-in Diga: people of every role and two synced projects."

    def add_arguments(self, parser: CommandParser) -> None:
        """Add which half is done: a worker in between would sync before the history is told."""
        parser.add_argument("--only", choices=["fill", "guide"], help="fill the tables, or say when all is ready")

    def handle(self, *args: Any, **options: Any) -> None:
        """Prepare everything, wait until the site answers, and say how to sign in."""
        if urlsplit(settings.DIGA_API_URL).hostname != "127.0.0.1":
            raise CommandError("The demo is for the stand-in Diga on this machine: use `make demo`.")
        if options["only"] != "guide":
            self._fill()
        if options["only"] == "guide":
            wait_for_worker()
        if options["only"] != "fill":
            wait_for(f"{settings.SITE_URL}/health/", status=200)
            self._say_how()

    def _fill(self) -> None:
        wait_for(f"{settings.DIGA_API_URL}/v1/phone/", status=401)
        people = {role: self._person(role, first, last) for role, first, last, _can in PEOPLE}
        stand_in = Sandbox(phones=1)
        for slug, known in stand_in.projects.items():
            has_history = slug == "aurora" and not Project.objects.filter(name=known.name).exists()
            project = self._project(known.name, stand_in.key(slug), has_history=has_history)
            for role, person in people.items():
                Membership.objects.update_or_create(project=project, user=person, defaults={"role": role})
            if has_history:
                tell_history(project=project, people=people, now=timezone.now())
            self._sync(project)

    def _person(self, role: Role, first: str, last: str) -> User:
        names = {"first_name": first, "last_name": last}
        person, _is_new = User.objects.get_or_create(username=role.value.lower(), defaults=names)
        if not person.check_password(PASSWORD):
            person.set_password(PASSWORD)
            person.save(update_fields=["password"])
        return person

    def _project(self, name: str, token: str, *, has_history: bool) -> Project:
        project = Project.objects.filter(name=name).first()
        now = timezone.now()
        connected_at = begin_of_history(now) if has_history else now
        try:
            if project is None:
                project, _check = keys.connect_project(name=name, token=token, actor=None, now=connected_at)
            else:
                keys.replace_key(project=project, token=token, actor=None, now=now)
        except (keys.KeyRejected, ForeignProject) as error:
            raise CommandError(f"The stand-in Diga did not take the demo’s key for {name}.") from error
        return project

    def _sync(self, project: Project) -> None:
        try:
            run = passes.sync_project(project=project, clock=timezone.now)
        except passes.SyncIsRunning:
            # The worker was quicker.
            return
        if not run.is_complete:
            raise CommandError(words_for_cause(run.cause))

    def _say_how(self) -> None:
        self.stdout.write(f"\nPhone Desk is ready at {settings.SITE_URL}\n\n  sign in as  password\n")
        for role, _first, _last, can in PEOPLE:
            self.stdout.write(f"  {role.value.lower():10}  {PASSWORD}  {can}")
        self.stdout.write(f"\nThe stand-in Diga is at {settings.DIGA_API_URL}. Ctrl-C stops everything.\n\n")


def wait_for_worker() -> None:
    """Wait until a worker runs: it starts once the tables are filled.

    :raises CommandError: none does within a minute.
    """
    began_at = timezone.now() - timedelta(seconds=5)
    deadline = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < deadline:
        seen = last_seen()
        if seen and seen >= began_at:
            return
        time.sleep(0.2)
    raise CommandError("No worker started within a minute.")


def wait_for(url: str, *, status: int) -> None:
    """Wait until the address answers with the status.

    :raises CommandError: it hasn't within a minute.
    """
    deadline = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < deadline:
        try:
            if requests.get(url, timeout=5, allow_redirects=False).status_code == status:
                return
        except requests.ConnectionError:
            pass
        time.sleep(0.1)
    raise CommandError(f"{url} did not answer within a minute.")
