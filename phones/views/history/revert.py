"""Reverting: one change, or everything since the phone was first synced. It is shown first, then confirmed."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.core.exceptions import PermissionDenied
from django.forms import BoundField
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from phones import diga
from phones.access import Desk, DeskRequest, Right, open_desk
from phones.forms.reverting import RevertForm
from phones.models import Change, NoKey, Phone, Source
from phones.services.audit import queries
from phones.services.editing import guard as editing_guard
from phones.services.editing import revert, save
from phones.services.editing.revert import Step
from phones.services.phone_numbers import national_number
from phones.services.routing.catalogue import Catalogue, catalogue_of
from phones.services.routing.impact import Impact, fingerprint
from phones.services.routing.lanes import Target
from phones.services.sync import refresh
from phones.services.upstream import bulkhead
from phones.templatetags.desk import full_time
from phones.views.history.pages import change_of
from phones.views.parts.changes import ChangeLine, Side, field_label, side_of
from phones.views.parts.permalinks import change_url
from phones.views.parts.saving.guard import Guard, guard_of
from phones.views.parts.saving.progress import Saving, saving_of
from phones.views.parts.saving.result import Answer, answer_for
from phones.wording.history import changes as wording_changes
from phones.wording.history.changes import Words
from phones.wording.history.reverts import (
    words_for_nothing_ticked,
    words_for_nothing_to_take_back,
    words_for_review,
    words_for_step,
)
from phones.wording.phones.saves import words_for_spent_form


@dataclass(frozen=True, slots=True)
class Goal:
    """The state to revert to: before a change, or the first one of a phone."""

    phone: Phone
    change: Change | None
    title: str
    reason: str
    back_url: str

    @classmethod
    def before_change(cls, change: Change, slug: str) -> "Goal":
        """Return the state before a change."""
        names = {"id": change.pk}
        back_url = change_url(change, slug)
        title, reason = _("Undo change #%(id)d") % names, _("Undoes change #%(id)d") % names
        return cls(change.phone, change, title, reason, back_url)

    @classmethod
    def first_seen(cls, phone: Phone, slug: str) -> "Goal":
        """Return the first known state of a phone."""
        moment = {"time": full_time(phone.first_seen_at)}
        back_url = f"{reverse('change_list', args=[slug])}?phone={phone.pk}"
        title, reason = _("Back to the first state"), _("Back to the first state, seen on %(time)s") % moment
        return cls(phone, None, title, reason, back_url)

    def steps(self, desk: Desk, catalogue: Catalogue) -> tuple[Step, ...]:
        """Return what reverting would do, field by field."""
        rights = {"can_label": desk.may_label, "can_route": desk.may_route}
        if self.change is None:
            return revert.steps_to_first(self.phone, catalogue, **rights)
        return revert.steps_back(self.change, self.phone, catalogue, **rights)


@require_http_methods(["GET", "POST"])
def change_revert(request: DeskRequest, slug: str, change_id: int) -> HttpResponse:
    """Show what reverting a change would do now; do it."""
    desk = open_desk(request, slug, Right.LABEL)
    change = change_of(desk, change_id)
    if not revert.is_revertible(change):
        raise Http404
    return _answer(request, desk, Goal.before_change(change, slug))


@require_http_methods(["GET", "POST"])
def phone_restore(request: DeskRequest, slug: str, phone_id: UUID) -> HttpResponse:
    """Show what reverting a phone to its first state would do now; do it."""
    desk = open_desk(request, slug, Right.LABEL)
    phone = get_object_or_404(Phone, pk=phone_id, project=desk.project, first_seen_at__isnull=False)
    return _answer(request, desk, Goal.first_seen(phone, slug))


def _answer(request: DeskRequest, desk: Desk, goal: Goal) -> HttpResponse:
    if request.method == "GET":
        words = _peek(desk, goal.phone)
        return _show(request, desk, goal, _form(desk, goal), words=words)
    if not desk.may_route and not {"take_inbound", "take_outbound"}.isdisjoint(request.POST):
        raise PermissionDenied
    form = _form(desk, goal, request)
    is_valid = form.is_valid()
    done = queries.change_of_form(goal.phone, form.cleaned_data.get("form_token"))
    if done and form.asks_for(done):
        # A double click: nothing is left to revert, and the result of the first request is shown.
        return redirect(change_url(done, desk.project.slug))
    if done:
        answer, fresh = Answer(409, words_for_spent_form(done), done), _form(desk, goal)
        fresh.initial.update(form.chosen())
        return _show(request, desk, goal, fresh, words=answer.words, answer=answer)
    if not is_valid:
        return _show(request, desk, goal, form, status=422)
    if form.edit().is_empty:
        return _show(request, desk, goal, form, words=words_for_nothing_ticked(), status=422)
    if form.cleaned_data["reviewed"] != fingerprint(editing_guard.impacts_of(goal.phone, form.edit())):
        # Other fields were ticked, or agents have changed: nobody has seen what would happen now.
        return _show(request, desk, goal, form, words=words_for_review())
    return _take_back(request, desk, goal, form)


def _peek(desk: Desk, phone: Phone) -> Words | None:
    """Read the phone from Diga; return why that failed, in which case our copy is shown."""
    try:
        with bulkhead.place_to_read(desk.project):
            refresh.peek(project=desk.project, phone=phone, clock=timezone.now)
    except diga.DigaError as error:
        return wording_changes.words_for_read(error)
    except NoKey:
        return wording_changes.words_for_read_without_key()
    return None


def _form(desk: Desk, goal: Goal, request: DeskRequest | None = None) -> RevertForm:
    catalogue = catalogue_of(desk.project)
    return RevertForm(
        request.POST if request else None,
        phone=goal.phone,
        catalogue=catalogue,
        steps=goal.steps(desk, catalogue),
        initial={"reason": goal.reason},
    )


def _take_back(request: DeskRequest, desk: Desk, goal: Goal, form: RevertForm) -> HttpResponse:
    typed = form.cleaned_data
    author = save.Author(
        desk.user, typed["reason"], typed["ticket"], Source.REVERT, typed["form_token"], reverts=goal.change
    )
    answer = answer_for(
        form,
        lambda: save.change_phone(
            project=desk.project,
            phone=goal.phone,
            edit=form.edit(),
            base=form.base(),
            author=author,
            agreed=form.agreed(),
            clock=timezone.now,
        ),
    )
    if answer.is_done and answer.change:
        return redirect(change_url(answer.change, desk.project.slug))
    shown = _form_after(request, desk, goal, form, answer)
    saving = saving_of(goal.phone, desk.project.slug, typed["form_token"]) if answer.is_waiting else None
    return _show(request, desk, goal, shown, words=answer.words, answer=answer, saving=saving)


def _form_after(request: DeskRequest, desk: Desk, goal: Goal, form: RevertForm, answer: Answer) -> RevertForm:
    """Return the form to show after an attempt, on the current phone and agents, with the ticks kept.

    After a conflict it is a new form with the typed reason, so that no field is ticked for the person.
    """
    if answer.status == 409:
        fresh = _form(desk, goal)
        fresh.initial.update({name: form.cleaned_data[name] for name in ("reason", "ticket")})
        return fresh
    fresh = _form(desk, goal, request)
    if fresh.is_valid():
        for name, errors in form.errors.items():
            fresh.add_error(name, errors)
    return fresh


@dataclass(frozen=True, slots=True)
class StepRow:
    """A field of the page: today's value, the earlier one, a remark, and the tick box if there is one."""

    label: str
    now: Side
    then: Side
    note: str
    tick: BoundField | None


def _rows(form: RevertForm, steps: Sequence[Step], phone: Phone) -> list[StepRow]:
    return [
        StepRow(
            field_label(step.name),
            side_of(step.name, step.now),
            side_of(step.name, _becomes(step)),
            words_for_step(step, phone),
            form[f"take_{step.name}"] if step.can_take else None,
        )
        for step in steps
    ]


def _becomes(step: Step) -> Any:
    """Return what the field would hold, in the version that would really be attached."""
    return step.wanted.snapshot if isinstance(step.wanted, Target) else step.then


def _show(
    request: DeskRequest,
    desk: Desk,
    goal: Goal,
    form: RevertForm,
    *,
    words: Words | None = None,
    answer: Answer | None = None,
    saving: Saving | None = None,
    status: int = 200,
) -> HttpResponse:
    can_take = any(step.can_take for step in form.steps)
    change = answer.change if answer else None
    prefix, national = national_number(goal.phone.shown)
    context = {
        "desk": desk,
        "section": "changes",
        "goal": goal,
        "phone_url": reverse("phone_edit", args=[desk.project.slug, goal.phone.pk]),
        "prefix": prefix,
        "national": national,
        "form": form,
        "rows": _rows(form, form.steps, goal.phone),
        "can_take": can_take,
        # As in the drawer, a form that was sent can be sent again, even if saving has just been closed.
        "is_open": desk.project.is_open or (form.is_bound and desk.project.is_writable),
        "guard": _guard(goal.phone, form, answer.impacts if answer else ()) if can_take else None,
        "words": words,
        "verdict": None if can_take else words_for_nothing_to_take_back(form.steps),
        "saving": saving,
        "result": ChangeLine.of(change, desk.project.slug) if change else None,
    }
    return render(request, "history/change_revert.html", context, status=answer.status if answer else status)


def _guard(phone: Phone, form: RevertForm, found: Sequence[Impact]) -> Guard | None:
    """Return what would happen to live calls, lane by lane; `found` is the result of an attempt that was not sent."""
    impacts = found or editing_guard.impacts_of(phone, form.edit())
    return guard_of(impacts, form.agreed(), is_found=bool(found))
