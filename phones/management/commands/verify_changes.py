"""Says whether the audit log still is what was written."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import CommandError
from django.utils import timezone
from django.utils.translation import gettext as _

from phones.management.ready_command import ReadyCommand
from phones.models import Project
from phones.services.audit.chain.runs import verify_and_record
from phones.services.audit.chain.verification import acknowledged_breaks, verify_guards


class Command(ReadyCommand):
    """`manage.py verify_changes [SLUG]`: every project, or the one with this address. Exit code 1 if not."""

    help = "Find entries of the history that were altered, deleted, put in, swapped or cut off past Phone Desk."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Take the address of a project."""
        parser.add_argument("slug", nargs="?", help="the project's address; all projects without it")

    def handle(self, *args: Any, **options: Any) -> None:
        """Print a line a project, and one for each thing that is wrong."""
        projects = Project.objects.order_by("slug")
        if options["slug"]:
            projects = projects.filter(slug=options["slug"])
            if not projects:
                raise CommandError(_("There is no project %(slug)s.") % options)
        chains: list[Project | None] = [*projects] if options["slug"] else [*projects, None]
        guards = verify_guards()
        for fault in guards:
            self.stderr.write(fault)
        fault_count = len(guards) + sum(self._verify(project, len(guards)) for project in chains)
        if fault_count:
            raise CommandError(_("The history is not what was written: %(count)s found.") % {"count": fault_count})

    def _verify(self, project: Project | None, guard_fault_count: int) -> int:
        slug = project.slug if project else _("site")
        verdict = verify_and_record(project=project, guard_fault_count=guard_fault_count, clock=timezone.now)
        counts = {
            "slug": slug,
            "changes": verdict.change_count,
            "acts": verdict.act_count,
            "seals": verdict.seal_count,
        }
        self.stdout.write(_("%(slug)s: %(changes)s changes, %(acts)s acts, %(seals)s seals") % counts)
        for told in acknowledged_breaks(project=project):
            self.stdout.write(f"{slug}: {told}")
        for fault in verdict.faults:
            self.stderr.write(f"{slug}: {fault}")
        if verdict.fault_count > len(verdict.faults):
            more = {"slug": slug, "count": verdict.fault_count - len(verdict.faults)}
            self.stderr.write(_("%(slug)s: and %(count)s more") % more)
        return verdict.fault_count
