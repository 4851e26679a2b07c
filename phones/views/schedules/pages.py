"""The list of what is set for a time, and what people do with it."""

from collections.abc import Callable
from datetime import datetime
from functools import partial

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from phones import tasks
from phones.access import Desk, DeskRequest, Right, open_desk
from phones.forms.moments import MoveForm
from phones.models import Schedule
from phones.services.schedules import steering
from phones.services.schedules.queries import PAGE_SIZE, RELATED, SHOWN, schedules_page
from phones.views.parts.addresses import BIGGEST_ID, id_from
from phones.views.parts.held import held
from phones.views.parts.schedules import ScheduleLine
from phones.views.post_only import post_only
from phones.wording.moments import words_for_moment

# Who pages on for longer than this doesn't read.
LAST_START = 100_000


@require_GET
def schedule_list(request: DeskRequest, slug: str) -> HttpResponse:
    """Show what is set for a time; `show` narrows it to what is open, or what was not done, and `start` pages on."""
    desk = open_desk(request, slug)
    shown = request.GET.get("show", "")
    shown = shown if shown in SHOWN else SHOWN[0]
    start = min(id_from(request.GET.get("start", "")) or 0, LAST_START)
    page = schedules_page(desk.project, shown, start=start)
    url = reverse("schedule_list", args=[slug])
    now = timezone.now()
    labels = {"open": _("To come"), "notices": _("Not done"), "all": _("All")}
    context = {
        "desk": desk,
        "section": "plans",
        "lines": [ScheduleLine.of(row, desk, now) for row in page.rows],
        "tabs": [(f"{url}?show={code}", labels[code], code == shown) for code in SHOWN],
        "shown": shown,
        "here_url": f"{url}?show={shown}",
        "newer_url": f"{url}?show={shown}&start={max(0, start - PAGE_SIZE)}" if start else "",
        "older_url": f"{url}?show={shown}&start={start + PAGE_SIZE}" if page.has_more else "",
        "held": held(desk),
    }
    return render(request, "schedules/schedule_list.html", context)


@post_only
def schedule_cancel(request: DeskRequest, slug: str, schedule_id: int) -> HttpResponse:
    """Give up what waits for its time."""
    return _act(request, slug, schedule_id, steering.cancel, _("It is cancelled; what is so now stays."))


@post_only
def schedule_hurry(request: DeskRequest, slug: str, schedule_id: int) -> HttpResponse:
    """Do now what waits for its time, or what could not be done at its time."""
    return _act(request, slug, schedule_id, steering.hurry, _("It is being done now."), rings=True)


@post_only
def schedule_seen(request: DeskRequest, slug: str, schedule_id: int) -> HttpResponse:
    """Acknowledge that something was not done."""
    return _act(request, slug, schedule_id, steering.acknowledge, _("Noted that you have seen it."))


@post_only
def schedule_move(request: DeskRequest, slug: str, schedule_id: int) -> HttpResponse:
    """Set what waits for its time for another one."""
    form = MoveForm(request.POST)
    if not form.is_valid():
        _opened(request, slug, schedule_id)
        for error in form.errors["due_at"]:
            messages.error(request, str(error))
        return _back(request, slug)
    due_at: datetime = form.cleaned_data["due_at"]
    said = _("It is set for another time: %(moment)s.") % {"moment": words_for_moment(due_at, timezone.now())}
    return _act(request, slug, schedule_id, partial(steering.move, due_at=due_at), said)


def _opened(request: DeskRequest, slug: str, schedule_id: int) -> tuple[Desk, Schedule]:
    desk = open_desk(request, slug, Right.ROUTE)
    if schedule_id > BIGGEST_ID:
        raise Http404
    schedule = get_object_or_404(Schedule.objects.select_related(*RELATED), pk=schedule_id, project=desk.project)
    if schedule.is_of_plan and not desk.may_bulk:
        raise PermissionDenied
    return desk, schedule


def _act(
    request: DeskRequest, slug: str, schedule_id: int, act: Callable[..., object], said: str, *, rings: bool = False
) -> HttpResponse:
    """Do something with a row, and go back to where the person was; `rings` for a worker."""
    desk, schedule = _opened(request, slug, schedule_id)
    try:
        act(schedule=schedule, by=desk.user, now=timezone.now())
    except steering.ScheduleHasMoved:
        messages.error(request, _("It does not wait any more: it is being done, or is over. Nothing was changed."))
    except steering.TooLate:
        messages.error(request, _("It would begin after its own end. Nothing was changed."))
    else:
        messages.success(request, said)
        if rings:
            transaction.on_commit(partial(tasks.run_schedules, str(desk.project.pk)))
    return _back(request, slug)


def _back(request: DeskRequest, slug: str) -> HttpResponse:
    back = request.POST.get("next", "")
    is_ours = url_has_allowed_host_and_scheme(back, allowed_hosts=None)
    return redirect(back) if is_ours else redirect("schedule_list", slug)
