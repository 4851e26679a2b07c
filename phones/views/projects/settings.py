"""A project: connecting it, its key and settings, its syncs, its overview."""

from dataclasses import replace
from datetime import timedelta
from functools import partial
from typing import Any

from django.contrib import messages
from django.db import transaction
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_GET, require_http_methods
from django_htmx.http import trigger_client_event

from phones import diga, tasks
from phones.access import Desk, DeskRequest, Right, demand_superuser, open_desk
from phones.forms.projects import KeyForm, PlanRulesForm, ReplaceKeyForm, SyncIntervalForm
from phones.models import NoKey, Project, SyncRun
from phones.services import overview
from phones.services.clock import has_passed
from phones.services.display_names import unique_name_of
from phones.services.people.first_steps import first_steps_of
from phones.services.people.preferences import hide_first_steps
from phones.services.projects import answers, keys
from phones.services.projects import settings as projects_settings
from phones.services.schedules.queries import agenda_of
from phones.services.sync import passes
from phones.services.upstream import bulkhead
from phones.views.htmx import is_for
from phones.views.parts.chain_break import break_shown
from phones.views.parts.changes import ChangeLine
from phones.views.parts.held import held
from phones.views.parts.no_worker import no_worker
from phones.views.parts.schedules import AgendaCard
from phones.views.post_only import post_only
from phones.views.projects.health_cards import queue_view
from phones.views.projects.key_rights import Ability, Refusal, abilities_of
from phones.views.projects.overview_charts import agent_bars, day_chart, status_bars
from phones.wording import causes
from phones.wording.history import changes as wording_changes
from phones.wording.history.changes import Words

# After this, the page says that no worker seems to run; until then one may be busy.
PATIENCE = timedelta(seconds=10)


@require_http_methods(["GET", "POST"])
@sensitive_post_parameters("key")
def project_connect(request: DeskRequest) -> HttpResponse:
    """Show the form for a first project; check a key, store it as a new project and start its first sync."""
    show = partial(_show_connect, request, has_projects=bool(demand_superuser(request)))
    if request.method == "GET":
        return show(KeyForm())
    form = KeyForm(request.POST)
    if not form.is_valid():
        return show(form, status=422)
    try:
        with bulkhead.place_to_act(None):
            project, _check = keys.connect_project(
                name=form.cleaned_data["name"], token=form.cleaned_data["key"], actor=request.user, now=timezone.now()
            )
    except (keys.KeyRejected, diga.DigaError) as error:
        refusal = Refusal.of(error)
        return show(form, refusal=refusal, status=refusal.status)
    return redirect("sync_progress", project.slug, _start_sync(project).pk)


def _show_connect(
    request: DeskRequest, form: KeyForm, *, has_projects: bool, refusal: Refusal | None = None, status: int = 200
) -> HttpResponse:
    context = {"form": form, "refusal": refusal, "has_projects": has_projects}
    return render(request, "projects/project_connect.html", context, status=status)


def _start_sync(project: Project) -> SyncRun:
    """Claim a pass and notify a worker, or join the one that runs."""
    try:
        run = passes.claim_sync(project=project, now=timezone.now())
    except passes.SyncIsRunning as running:
        return running.run
    transaction.on_commit(partial(tasks.run_claimed_sync, run.pk))
    return run


@require_http_methods(["GET", "POST"])
@sensitive_post_parameters("key")
def project_settings(request: DeskRequest, slug: str) -> HttpResponse:
    """Show the key and the settings; replace the key, or change the sync interval or the rules for plans."""
    desk = open_desk(request, slug, Right.ADMINISTER)
    if request.method == "GET":
        return _show_settings(request, desk)
    if "minutes" in request.POST:
        return _change_interval(request, desk)
    if "typed_above" in request.POST:
        return _change_plan_rules(request, desk)
    form = ReplaceKeyForm(request.POST)
    if not form.is_valid():
        return _show_settings(request, desk, key_form=form, status=422)
    try:
        with bulkhead.place_to_act(desk.project):
            keys.replace_key(project=desk.project, token=form.cleaned_data["key"], actor=desk.user, now=timezone.now())
    except (keys.KeyRejected, diga.DigaError) as error:
        refusal = Refusal.of(error)
        return _show_settings(request, desk, refusal=refusal, status=refusal.status)
    messages.success(request, _("The new key is checked and kept; the old one is gone from here."))
    return redirect("project_settings", slug)


def _change_interval(request: DeskRequest, desk: Desk) -> HttpResponse:
    form = SyncIntervalForm(request.POST)
    if not form.is_valid():
        return _show_settings(request, desk, interval_form=form, status=422)
    projects_settings.set_sync_interval(
        project=desk.project, minutes=form.cleaned_data["minutes"], actor=desk.user, now=timezone.now()
    )
    messages.success(request, _("The time between syncs is changed."))
    return redirect("project_settings", desk.project.slug)


def _change_plan_rules(request: DeskRequest, desk: Desk) -> HttpResponse:
    form = PlanRulesForm(request.POST)
    if not form.is_valid():
        return _show_settings(request, desk, rules_form=form, status=422)
    projects_settings.set_plan_rules(project=desk.project, **form.cleaned_data, actor=desk.user, now=timezone.now())
    messages.success(request, _("The rules for plans are changed."))
    return redirect("project_settings", desk.project.slug)


def _show_settings(
    request: DeskRequest,
    desk: Desk,
    *,
    key_form: ReplaceKeyForm | None = None,
    interval_form: SyncIntervalForm | None = None,
    rules_form: PlanRulesForm | None = None,
    refusal: Refusal | None = None,
    abilities: list[Ability] | None = None,
    status: int = 200,
) -> HttpResponse:
    context: dict[str, Any] = {
        "desk": desk,
        "section": "settings",
        "abilities": abilities or abilities_of(desk.project),
        "key_form": key_form or ReplaceKeyForm(),
        "interval_form": interval_form or SyncIntervalForm(initial={"minutes": desk.project.sync_interval_minutes}),
        "rules_form": rules_form
        or PlanRulesForm(
            initial={"typed_above": desk.project.typed_above, "approved_above": desk.project.approved_above}
        ),
        "refusal": refusal,
        "key_by": unique_name_of(desk.project.token_by) if desk.project.token_by else "",
    }
    return render(request, "projects/project_settings.html", context, status=status)


@post_only
def key_check(request: DeskRequest, slug: str) -> HttpResponse:
    """Test by reads what the stored key may do."""
    desk = open_desk(request, slug, Right.ADMINISTER)
    try:
        with bulkhead.place_to_act(desk.project):
            check = keys.recheck(project=desk.project, actor=desk.user, now=timezone.now())
    except bulkhead.NotAsked as crowded:
        refusal = Refusal.of(crowded)
        return _show_settings(request, desk, refusal=refusal, status=refusal.status)
    except NoKey:
        refusal = Refusal(Words("bad", _("Not checked"), causes.words_for_cause("no_key")), [], 422)
        return _show_settings(request, desk, refusal=refusal, status=refusal.status)
    except answers.KeyChanged:
        desk.project.refresh_from_db()
        refusal = Refusal(wording_changes.words_for_changed_key(), [], 409)
        return _show_settings(request, desk, refusal=refusal, status=refusal.status)
    if not check.is_usable:
        refusal = Refusal.of(keys.KeyRejected(check))
        # The list is about the stored key, so it is in the key's card and not beside the message.
        shown = replace(refusal, abilities=[])
        return _show_settings(request, desk, refusal=shown, abilities=refusal.abilities, status=refusal.status)
    messages.success(request, _("Checked: Diga accepts the key."))
    return redirect("project_settings", slug)


@require_http_methods(["GET", "POST"])
def project_disconnect(request: DeskRequest, slug: str) -> HttpResponse:
    """Ask whether to delete the key; delete it. Phones and history stay, read-only."""
    desk = open_desk(request, slug, Right.ADMINISTER)
    if request.method == "GET":
        return render(request, "projects/project_disconnect.html", {"desk": desk, "section": "settings"})
    keys.disconnect(project=desk.project, actor=desk.user, now=timezone.now())
    messages.success(request, _("The key is forgotten. The copy of the phones and the history stay, read-only."))
    return redirect("project_settings", slug)


@post_only
def sync_start(request: DeskRequest, slug: str) -> HttpResponse:
    """Start a sync, or join the one that runs, and show how far it is."""
    desk = open_desk(request, slug, Right.LABEL)
    if not desk.project.is_connected:
        messages.error(request, causes.words_for_cause("no_key"))
        if is_for(request, "freshness"):
            return render(request, "parts/_freshness.html", {"desk": desk, "run": None}, status=422)
        return redirect("project_overview", slug)
    run = _start_sync(desk.project)
    if is_for(request, "freshness"):
        return render(request, "parts/_freshness.html", {"desk": desk, "run": run, "is_unheard": _is_unheard(run)})
    return redirect("sync_progress", slug, run.pk)


@require_GET
def sync_progress(request: DeskRequest, slug: str, run_id: int) -> HttpResponse:
    """Show the progress of a sync; the last answer, 286, ends the polling."""
    desk = open_desk(request, slug)
    run = get_object_or_404(SyncRun, pk=run_id, project=desk.project)
    status = 200 if run.is_running else 286
    if is_for(request, "freshness"):
        context = {"desk": desk, "run": run, "is_unheard": _is_unheard(run), "is_silent": _is_silent(run)}
        response = render(request, "parts/_freshness.html", context, status=status)
        return response if run.is_running else trigger_client_event(response, "phones-synced", {})
    context = {"desk": desk, "section": "overview", "run": run, **_progress(run)}
    if is_for(request, "sync-run"):
        return render(request, "projects/sync_progress.html#sync-run", context, status=status)
    more = {"is_first": overview.is_first_run(run), "abilities": abilities_of(desk.project)}
    return render(request, "projects/sync_progress.html", context | more)


def _is_unheard(run: SyncRun) -> bool:
    """Return whether the run waits because its message can't reach a worker."""
    return run.is_running and not run.is_taken and tasks.is_queue_silent()


def _is_silent(run: SyncRun) -> bool:
    """Return whether the process of the run has probably died."""
    return passes.is_silent(run, clock=timezone.now)


def _progress(run: SyncRun) -> dict[str, Any]:
    now = timezone.now()
    return {
        "no_worker": no_worker() if run.is_running else "",
        "is_unheard": _is_unheard(run),
        "is_untaken": run.is_running and not run.is_taken and has_passed(PATIENCE, run.started_at, now),
        "is_silent": _is_silent(run),
        "why": causes.words_for_cause(run.cause) if run.cause else "",
    }


@require_GET
def project_overview(request: DeskRequest, slug: str) -> HttpResponse:
    """Show what needs attention, recent changes, and the age of our copy; to htmx, only what needs attention."""
    desk = open_desk(request, slug)
    now = timezone.now()
    if is_for(request, "queue"):
        queue = overview.queue_now(desk.project, now=now)
        return render(request, "projects/overview/_queue.html", {"desk": desk, "queue": queue_view(slug, queue, now)})
    found = overview.overview_of(desk.project, now=now, zone=timezone.get_current_timezone())
    context = {
        "desk": desk,
        "section": "overview",
        "overview": found,
        "queue": queue_view(slug, found.queue, now),
        "changes": [(ChangeLine.of(recent.change, slug), recent.made) for recent in found.changes],
        "status_bars": status_bars(slug, found.statuses),
        "agent_bars": agent_bars(slug, found.catalogue, found.uses, found.phone_count),
        "day_chart": day_chart(found.days),
        "chain_break": break_shown(desk),
        "no_worker": no_worker(),
        "held": held(desk),
        "agenda": AgendaCard.of(agenda_of(desk.project), desk, now),
        "first_steps": first_steps_of(project=desk.project, person=desk.user, now=now) if desk.may_administer else None,
    }
    return render(request, "projects/overview/project_overview.html", context)


@post_only
def first_steps_hide(request: DeskRequest, slug: str) -> HttpResponse:
    """Show this person the checklist of the first day no more. It is their own choice, and asks for no right."""
    desk = open_desk(request, slug)
    hide_first_steps(person=desk.user)
    messages.success(request, _("The first steps are hidden for you."))
    return redirect("project_overview", slug)
