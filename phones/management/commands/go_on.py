"""Lets a restored copy do by itself what its database says: plans, schedules, put-backs."""

from typing import Any

from django.core.management.base import CommandError
from django.utils import timezone

from phones.management.ready_command import ReadyCommand
from phones.models import Project
from phones.services.audit.chain.breaks import find_break
from phones.services.installation import instances


class Command(ReadyCommand):
    """`manage.py go_on`: after a restore, or for a further machine that no running worker has admitted."""

    help = "Let plans and schedules go on in a restored copy. Make sure first that the original does not run any more."

    def handle(self, *args: Any, **options: Any) -> None:
        """Admit the folders that wait, and name the projects that an administrator still holds."""
        try:
            hosts = instances.go_on(by=None, now=timezone.now())
        except instances.NothingIsHeld:
            raise CommandError("Nothing is held: every folder is known to the database. Nothing was changed.") from None
        self.stdout.write(f"Plans and schedules go on, from {', '.join(sorted(set(hosts)))}.")
        for project in Project.objects.order_by("slug"):
            if find_break(project):
                self.stdout.write(f"{project.slug} waits until an administrator acknowledges the break of its history.")
