"""An edited export in a terminal: what it would change, and, if asked to, the change itself with a progress bar."""

import signal
from argparse import ArgumentParser
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from types import FrameType
from typing import Any

from django.contrib.auth.models import User
from django.core.management.base import CommandError
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from phones.access import Right, may_run_plan, rights_in
from phones.management.commands.sync_phones import BAR_WIDTH, find_projects
from phones.management.quiet import without_request_lines
from phones.management.ready_command import ReadyCommand
from phones.models import Foreseen, ItemState, Plan, PlanItem, PlanKind, Project
from phones.services.exchange.import_columns import is_head
from phones.services.exchange.phone_import import draft_from_table
from phones.services.plans import lifecycle
from phones.services.plans.create import NothingPlanned, create_plan
from phones.services.plans.drafts import Draft, PlanRequest
from phones.services.plans.forecasts.effects import effects_of
from phones.services.plans.forecasts.fingerprint import fingerprint_of
from phones.services.plans.forecasts.preview import read_agents_if_old
from phones.services.plans.lock import PlanHasMoved
from phones.services.plans.rows import GROUPS, group_rows, state_rows
from phones.services.plans.totals import foreseen_of, totals_of
from phones.services.routing.catalogue import catalogue_of
from phones.services.running import runner
from phones.services.tables.limits import NotATable
from phones.services.tables.read import SheetsToChoose, read_table
from phones.wording.history.changes import Words
from phones.wording.imports import words_for_notes
from phones.wording.plans import actions as plan_actions
from phones.wording.plans.descriptions import value_text, words_for_pause, words_for_why
from phones.wording.plans.effects import words_for_effects, words_for_takings
from phones.wording.plans.rows import words_for_item
from phones.wording.plans.totals import counted

BAD_ENDS = (ItemState.REFUSED, ItemState.FAILED, ItemState.MISMATCH, ItemState.UNKNOWN, ItemState.CHANGED)


class Command(ReadyCommand):
    """`manage.py plan FILE`: the preview of an edited export; `--apply` runs it. Exit code 1 unless all went well."""

    help = "Show what an edited export (CSV or a workbook) would change, and with --apply change it."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """See `--help`."""
        parser.add_argument("file", type=Path, help="The edited export.")
        parser.add_argument("--sheet", default="", help="The sheet of the workbook, where several could be meant.")
        parser.add_argument("--project", help="The project as in its address; needed where there are several.")
        parser.add_argument("--user", help="Whose plan it is: a lead or an administrator. Needed to apply it.")
        parser.add_argument("--reason", default="", help="Why. Needed to apply it.")
        parser.add_argument("--ticket", default="", help="The ticket it belongs to.")
        parser.add_argument("--apply", action="store_true", help="Run it, and show how far it is.")
        parser.add_argument("--count", default="", help="The count of changes, where the project asks for it.")
        parser.add_argument("--all", action="store_true", help="List every row of the preview.")

    def handle(self, *args: Any, **options: Any) -> None:
        """Read, foresee, show; run if asked to. A preview alone leaves no plan behind."""
        project = _one_project(options["project"])
        author = _author(project, options["user"])
        if options["apply"] and not options["reason"].strip():
            raise CommandError(_("A plan needs a reason: --reason “…”. Nothing was done."))
        with without_request_lines(options["verbosity"]):
            plan = self._make(project, author, options)
            reviewed = fingerprint_of(plan)
            self._show_preview(plan, is_whole=options["all"])
            if not options["apply"]:
                plan.delete()
                self.stdout.write(_("Nothing was sent. With --apply, exactly this is done."))
                return
            self._run(plan, author, reviewed, options["count"])

    def _make(self, project: Project, author: User, options: dict[str, Any]) -> Plan:
        file: Path = options["file"]
        try:
            table = read_table(file.read_bytes(), file.name, is_head=is_head, sheet=options["sheet"])
        except OSError as error:
            raise CommandError(_("%(file)s can’t be read: %(why)s.") % {"file": file, "why": error.strerror}) from None
        except NotATable as fault:
            raise CommandError(str(fault)) from None
        except SheetsToChoose as several:
            names = ", ".join(several.names)
            raise CommandError(_("Which sheet? --sheet with one of: %(names)s.") % {"names": names}) from None
        read_agents_if_old(project, timezone.now)
        try:
            draft = draft_from_table(
                project=project, table=table, catalogue=catalogue_of(project), can_label=True, can_route=True
            )
        except NotATable as fault:
            raise CommandError(str(fault)) from None
        return self._plan(project, author, draft, options)

    def _plan(self, project: Project, author: User, draft: Draft, options: dict[str, Any]) -> Plan:
        for note in words_for_notes(draft.notes):
            self.stdout.write(note)
        for problem in draft.problems:
            self.stderr.write(_("Line %(line)s: %(text)s") % {"line": problem.line, "text": problem.text})
        try:
            return create_plan(
                PlanRequest(
                    project=project,
                    author=author,
                    kind=PlanKind.IMPORT,
                    draft=draft,
                    reason=options["reason"].strip(),
                    ticket=options["ticket"].strip(),
                ),
                clock=timezone.now,
            )
        except NothingPlanned:
            if draft.problems:
                raise CommandError(_("No line of the file could be used.")) from None
            self.stdout.write(_("The file changes nothing: 0 changes."))
            raise SystemExit(0) from None

    def _show_preview(self, plan: Plan, *, is_whole: bool) -> None:
        counts = foreseen_of(plan)
        parts = [f"{group.label}: {counts[group]}" for group in GROUPS if counts[group]]
        self.stdout.write(f"{plan.project.name}: " + ", ".join(parts) + f" = {sum(counts.values())}")
        effects = effects_of(plan)
        for line in words_for_takings(effects):
            self.stdout.write(f"  {line}")
        for effect in words_for_effects(effects):
            self.stdout.write(f"  {effect.title} {effect.text}")
        for group, rows in group_rows(plan, counts).items():
            self.stdout.write(f"\n{group.label} ({counts[group]})")
            items = plan.items.filter(foreseen=group).select_related("phone").order_by("number")
            for item in items.iterator() if is_whole else rows.items:
                self.stdout.write(f"  {_line(item)}")
            if not is_whole and rows.after is not None:
                rest = counts[Foreseen(group)] - len(rows.items)
                text = ngettext("… and %(count)d more: --all", "… and %(count)d more: --all", rest)
                self.stdout.write(f"  {text % {'count': rest}}")
        self.stdout.write("")

    def _run(self, plan: Plan, author: User, reviewed: str, typed: str) -> None:
        try:
            lifecycle.apply_plan(plan=plan, by=author, reviewed=reviewed, typed=typed, clock=timezone.now)
        except lifecycle.NothingToApply:
            plan.delete()
            raise CommandError(_said(plan_actions.words_for_nothing_to_apply())) from None
        except lifecycle.CountNotTyped as missing:
            plan.delete()
            text = _("So many changes need their count: --count %(count)d. Nothing was done.")
            raise CommandError(text % {"count": missing.count}) from None
        except lifecycle.PreviewHasMoved:
            plan.delete()
            raise CommandError(_said(plan_actions.words_for_moved_preview())) from None
        if plan.is_preview:
            self.stdout.write(_("Plan %(id)d waits for the yes of a second person.") % {"id": plan.pk})
            return
        with _interruptible() as is_interrupted:
            runner.run_plan(
                plan=plan,
                clock=timezone.now,
                may_run=may_run_plan,
                should_stop=lambda: self._look(plan, is_interrupted),
            )
        self._say_how_it_ended(plan, is_interrupted=bool(is_interrupted))

    def _look(self, plan: Plan, is_interrupted: list[int]) -> bool:
        """Draw how far the plan is, now that its worker looks up; say whether somebody pressed Ctrl-C."""
        if self.stdout.isatty():
            totals = totals_of(plan)
            filled = BAR_WIDTH * totals.ended // max(totals.planned, 1)
            bar = "█" * filled + "░" * (BAR_WIDTH - filled)
            self.stdout.write(f"\r{bar} {totals.ended} / {totals.planned}\x1b[K", ending="")
            self.stdout.flush()
        return bool(is_interrupted)

    def _say_how_it_ended(self, plan: Plan, *, is_interrupted: bool) -> None:
        if is_interrupted:
            # A worker would go on with it otherwise.
            with suppress(PlanHasMoved):
                lifecycle.pause_plan(plan=plan, by=plan.author, clock=timezone.now)
        plan.refresh_from_db()
        if self.stdout.isatty():
            self.stdout.write("\r\x1b[K", ending="")
        totals = totals_of(plan)
        self.stdout.write(_("Plan %(id)d: %(counts)s") % {"id": plan.pk, "counts": counted(totals)})
        for state in BAD_ENDS:
            for item in state_rows(plan, state=state).items if totals[state] else ():
                self.stderr.write(f"  {item.phone.shown}: {words_for_item(item, timezone.now()).text}")
        if plan.is_paused:
            raise CommandError(_said(words_for_pause(plan)))
        if any(totals[state] for state in BAD_ENDS):
            raise CommandError(_("Not all of it was done; see above."))


def _one_project(slug: str | None) -> Project:
    projects = find_projects(slug)
    if len(projects) > 1:
        known = ", ".join(project.slug for project in projects)
        raise CommandError(_("Which project? --project with one of: %(known)s.") % {"known": known})
    return projects[0]


def _author(project: Project, username: str | None) -> User:
    """Return whose plan it is: the person named, or the only one who may plan in this project."""
    people = User.objects.filter(is_active=True)
    if username:
        people = people.filter(username=username)
    else:
        people = people.filter(Q(is_superuser=True) | Q(memberships__project=project)).distinct()
    able = [person for person in people if Right.BULK in rights_in(project, person)]
    if len(able) == 1:
        return able[0]
    if username:
        raise CommandError(_("%(user)s may not change many numbers in this project.") % {"user": username})
    names = ", ".join(sorted(person.username for person in able)) or _("nobody so far")
    raise CommandError(_("Whose plan is it? --user with one of: %(names)s.") % {"names": names})


def _line(item: PlanItem) -> str:
    """Return a row of the preview: the number, each field from what to what, and why."""
    fields = [
        f"{value_text(name, item.before.get(name))} → {value_text(name, after)}" for name, after in item.after.items()
    ]
    why = words_for_why(item, timezone.now())
    line = _("line %(line)s") % {"line": item.line} + "  " if item.line else ""
    return f"{line}{item.phone.shown}  {'; '.join(fields)}" + (f"  ({why})" if why else "")


def _said(words: Words) -> str:
    return " ".join(part for part in (str(words.title), str(words.text)) if part)


@contextmanager
def _interruptible() -> Iterator[list[int]]:
    """Note Ctrl-C instead of dying of it: what is under way ends first."""
    pressed: list[int] = []

    def note(number: int, _frame: FrameType | None) -> None:
        pressed.append(number)

    before = signal.signal(signal.SIGINT, note)
    try:
        yield pressed
    finally:
        signal.signal(signal.SIGINT, before)
