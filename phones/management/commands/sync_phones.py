"""Syncs in the foreground."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import CommandError
from django.utils import timezone

from phones.management.quiet import without_request_lines
from phones.management.ready_command import ReadyCommand
from phones.models import Project, SyncRun
from phones.services.sync import passes
from phones.wording.causes import words_for_cause

BAR_WIDTH = 30


class Command(ReadyCommand):
    """`manage.py sync_phones [SLUG]`: one pass now over one project, or over all that have a key."""

    help = "Copy Diga's agents and phones now, of one project or of all."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """See `--help`."""
        parser.add_argument("slug", nargs="?", help="The project as in its address; all projects without it.")

    def handle(self, *args: Any, **options: Any) -> None:
        """Sync one after the other; a failure doesn't keep the others from their turn."""
        projects = find_projects(options["slug"])
        with without_request_lines(options["verbosity"]):
            failed = [project.name for project in projects if not self._sync(project)]
        if failed:
            raise CommandError(f"Not synced: {', '.join(failed)}.")

    def _sync(self, project: Project) -> bool:
        try:
            run = passes.sync_project(project=project, clock=timezone.now, on_page=self._draw)
        except passes.SyncIsRunning as running:
            since = timezone.localtime(running.run.started_at)
            self.stderr.write(f"{project.name}: another process is syncing it, since {since:%H:%M:%S}.")
            return False
        self._end_line()
        if not run.is_complete:
            self.stderr.write(f"{project.name}: {words_for_cause(run.cause)}")
            return False
        took = (run.finished_at - run.started_at).total_seconds() if run.finished_at else 0.0
        text = f"{project.name}: {run.phone_count} phones, {run.agent_count} agents, {run.written_count} new or changed"
        odd = {
            "changed outside": run.outside_count,
            "no longer in Diga": run.missing_count,
            "unreadable": run.malformed_count,
        }
        rest = "".join(f", {count} {words}" for words, count in odd.items() if count)
        self.stdout.write(f"{text}{rest}, {took:.1f} s")
        return True

    def _draw(self, run: SyncRun) -> None:
        """Show how far the pass is, of what is expected, and how fast. Only in a terminal."""
        if not self.stdout.isatty():
            return
        total = max(run.expected_count or 0, run.phone_count)
        filled = BAR_WIDTH * run.phone_count // max(total, 1)
        bar = "█" * filled + "░" * (BAR_WIDTH - filled)
        seconds = (timezone.now() - run.started_at).total_seconds()
        rate = f", {run.phone_count / seconds:.0f} a second" if seconds >= 1 else ""
        self.stdout.write(f"\r{run.project.name}: {bar} {run.phone_count} of {total}{rate}\x1b[K", ending="")
        self.stdout.flush()

    def _end_line(self) -> None:
        if self.stdout.isatty():
            self.stdout.write("\r\x1b[K", ending="")


def find_projects(slug: str | None) -> list[Project]:
    """Return the project, or all that have a key.

    :raises CommandError: there is none.
    """
    if slug is None:
        found = list(Project.objects.exclude(sealed_token="").order_by("name", "id"))
        if not found:
            raise CommandError("No project is connected. Connect one: connect_project NAME")
        return found
    project = Project.objects.filter(slug=slug).first()
    if project is None:
        known = ", ".join(Project.objects.order_by("slug").values_list("slug", flat=True)) or "none"
        raise CommandError(f"There is no project {slug!r}. Known: {known}.")
    return [project]
