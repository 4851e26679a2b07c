"""Publishing another version of an agent for all its numbers: shown first, then done, then read back."""

import uuid
from functools import partial
from typing import Any

from django.db import transaction
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from phones import diga, tasks
from phones.access import Desk, DeskRequest, Right, open_desk, rights_in
from phones.forms.upgrading import ConsentForm, GiveBackForm, UpgradeForm
from phones.models import AgentUpgrade, NoKey
from phones.services.agents import publish, reattach
from phones.services.agents.publish_preview import NotOffered, Outlook, outlook_of
from phones.services.editing.save import Author
from phones.services.editing.spent_forms import SpentForm
from phones.services.plans.create import NothingPlanned
from phones.services.plans.lifecycle import CountNotTyped, needs_approval, needs_typing
from phones.services.routing.catalogue import AgentEntry, catalogue_of
from phones.services.sync import refresh
from phones.services.upstream import bulkhead
from phones.views.agents.publish_lines import SHOWN_COUNT, number_rows, upgrade_context
from phones.views.agents.publish_result import HINDRANCES, answer_for
from phones.views.htmx import is_for
from phones.views.parts.addresses import BIGGEST_ID
from phones.views.parts.permalinks import plan_page_url
from phones.views.parts.sent_forms import digest_of_form
from phones.wording import changes, plan_actions
from phones.wording import upgrades as wording_upgrades
from phones.wording.changes import Words


@require_http_methods(["GET", "POST"])
def agent_upgrade(request: DeskRequest, slug: str, agent_id: uuid.UUID) -> HttpResponse:
    """Show what publishing a saved version would do to every number of the agent; do it."""
    desk = open_desk(request, slug, Right.BULK)
    agent = catalogue_of(desk.project).agent(agent_id)
    if agent is None:
        raise Http404
    if request.method == "GET":
        return _show_fresh(request, desk, agent, _version_id(request.GET.get("version", "")))
    form = UpgradeForm(request.POST)
    if not form.is_valid():
        return _show_fresh(request, desk, agent, _version_id(request.POST.get("version_id", "")), form, status=422)
    return _publish(request, desk, agent, form)


def _version_id(text: str) -> uuid.UUID | None:
    try:
        return uuid.UUID(text)
    except ValueError:
        return None


def _publish(request: DeskRequest, desk: Desk, agent: AgentEntry, form: UpgradeForm) -> HttpResponse:
    typed = form.cleaned_data
    author = Author(desk.user, typed["reason"], typed["ticket"], form_token=typed["form_token"])
    try:
        with bulkhead.place_to_act(desk.project):
            upgrade = publish.upgrade_agent(
                project=desk.project,
                agent_id=agent.id,
                version_id=typed["version_id"],
                author=author,
                agreement=publish.Agreement(typed["reviewed"], typed["typed"]),
                clock=timezone.now,
            )
    except SpentForm as spent:
        words = wording_upgrades.words_for_spent_form(spent.earlier)
        return _show_fresh(request, desk, agent, typed["version_id"], _unticked(form), words=words, status=409)
    except publish.OutlookMoved as moved:
        return _show(
            request, desk, moved.outlook, _unticked(form), words=wording_upgrades.words_for_moved(), status=409
        )
    except CountNotTyped:
        form.add_error("typed", _("Type the count of these numbers, as it stands above. Nothing was sent."))
        return _show_fresh(request, desk, agent, typed["version_id"], form, status=422)
    except NotOffered as not_offered:
        return _show_nothing(request, desk, agent, not_offered, status=409)
    except HINDRANCES as hindrance:
        answer = answer_for(hindrance)
        # Diga has just kept a thread waiting: our copy has to do.
        asks = not isinstance(hindrance, diga.DigaUnavailable)
        return _show_fresh(
            request, desk, agent, typed["version_id"], form, words=answer.words, asks=asks, status=answer.status
        )
    return _lead_to(upgrade)


def _unticked(form: UpgradeForm) -> UpgradeForm:
    """Return a form with what was typed, and with nothing agreed to: the person has not seen yet what it is about."""
    return UpgradeForm(initial={name: form.cleaned_data[name] for name in ("reason", "ticket")})


def _lead_to(upgrade: AgentUpgrade) -> HttpResponse:
    """Ring for a worker that reads the numbers back, and lead to the page that shows it."""
    if upgrade.is_unverified:
        transaction.on_commit(partial(tasks.check_upgrade, upgrade.pk))
    return redirect("agent_upgrade_detail", upgrade.project.slug, upgrade.pk)


def _show_fresh(
    request: DeskRequest,
    desk: Desk,
    agent: AgentEntry,
    version_id: uuid.UUID | None,
    form: UpgradeForm | None = None,
    *,
    words: Words | None = None,
    asks: bool = True,
    status: int = 200,
) -> HttpResponse:
    """Show the page by what Diga says of the agent now; without its answer, by our copy."""
    shown: AgentEntry | None = agent
    try:
        if asks:
            with bulkhead.place_to_read(desk.project):
                shown = refresh.peek_agent(project=desk.project, agent_id=agent.id)
    except diga.DigaError as error:
        words = words or changes.words_for_read(error)
    except NoKey:
        words = words or changes.words_for_read_without_key()
    try:
        outlook = outlook_of(desk.project, shown, version_id)
    except NotOffered as not_offered:
        return _show_nothing(request, desk, shown or agent, not_offered, words=words, status=status)
    return _show(request, desk, outlook, form or UpgradeForm(), words=words, status=status)


def _show_nothing(
    request: DeskRequest,
    desk: Desk,
    agent: AgentEntry,
    not_offered: NotOffered,
    *,
    words: Words | None = None,
    status: int = 200,
) -> HttpResponse:
    verdict = wording_upgrades.words_for_not_offered(not_offered.why)
    context: dict[str, Any] = {"outlook": None, "verdict": verdict, "words": words, "agent": agent}
    return render(request, "agents/agent_upgrade.html", context | {"desk": desk, "section": "agents"}, status=status)


def _show(
    request: DeskRequest, desk: Desk, outlook: Outlook, form: UpgradeForm, *, words: Words | None, status: int
) -> HttpResponse:
    context = {
        "desk": desk,
        "section": "agents",
        "agent": outlook.agent,
        "outlook": outlook,
        "effect": wording_upgrades.words_for_outlook(outlook),
        "rows": number_rows(desk.project.slug, outlook.numbers[:SHOWN_COUNT]),
        "form": form,
        "words": words,
        "needs_typing": needs_typing(desk.project, outlook.count),
        "needs_approval": needs_approval(desk.project, outlook.count),
    }
    return render(request, "agents/agent_upgrade.html", context, status=status)


def _upgrade_of(desk: Desk, upgrade_id: int) -> AgentUpgrade:
    if upgrade_id > BIGGEST_ID:
        raise Http404
    upgrades = AgentUpgrade.objects.select_related("actor")
    upgrade = get_object_or_404(upgrades, pk=upgrade_id, project=desk.project)
    upgrade.project = desk.project
    return upgrade


@require_GET
def agent_upgrade_detail(request: DeskRequest, slug: str, upgrade_id: int) -> HttpResponse:
    """Show what became of an upgrade and how each number stands; the last answer to htmx, 286, ends the polling."""
    desk = open_desk(request, slug)
    upgrade = _upgrade_of(desk, upgrade_id)
    context = upgrade_context(desk, upgrade, now=timezone.now())
    if is_for(request, "upgrade-run"):
        status = 200 if context["is_moving"] else 286
        return render(request, "agents/agent_upgrade_detail.html#upgrade-run", context, status=status)
    return render(request, "agents/agent_upgrade_detail.html", context)


def _show_detail(
    request: DeskRequest,
    desk: Desk,
    upgrade: AgentUpgrade,
    *,
    words: Words | None = None,
    consent: ConsentForm | None = None,
    status: int,
) -> HttpResponse:
    upgrade.refresh_from_db()
    context = upgrade_context(desk, upgrade, now=timezone.now(), said=words, consent=consent)
    return render(request, "agents/agent_upgrade_detail.html", context, status=status)


@require_POST
def agent_upgrade_approve(request: DeskRequest, slug: str, upgrade_id: int) -> HttpResponse:
    """Carry out what another person has proposed."""
    desk = open_desk(request, slug, Right.BULK)
    upgrade = _upgrade_of(desk, upgrade_id)
    consent = ConsentForm(request.POST)
    if upgrade.is_proposed and not consent.is_valid():
        return _show_detail(request, desk, upgrade, consent=consent, status=422)
    if upgrade.is_proposed and Right.BULK not in rights_in(desk.project, upgrade.actor):
        words = wording_upgrades.words_for_author_without_right()
        return _show_detail(request, desk, upgrade, words=words, status=409)
    try:
        with bulkhead.place_to_act(desk.project):
            upgrade = publish.approve_upgrade(upgrade=upgrade, by=desk.user, clock=timezone.now)
    except (publish.OutlookMoved, NotOffered):
        words = wording_upgrades.words_for_moved_proposal()
        return _show_detail(request, desk, upgrade, words=words, status=409)
    except HINDRANCES as hindrance:
        answer = answer_for(hindrance)
        return _show_detail(request, desk, upgrade, words=answer.words, status=answer.status)
    return _lead_to(upgrade)


@require_POST
def agent_upgrade_discard(request: DeskRequest, slug: str, upgrade_id: int) -> HttpResponse:
    """Put a proposal away."""
    desk = open_desk(request, slug, Right.BULK)
    upgrade = _upgrade_of(desk, upgrade_id)
    try:
        publish.discard_upgrade(upgrade=upgrade, clock=timezone.now)
    except publish.NotProposed as quicker:
        answer = answer_for(quicker)
        return _show_detail(request, desk, upgrade, words=answer.words, status=answer.status)
    return redirect("agent_upgrade_detail", slug, upgrade.pk)


@require_POST
def agent_give_back(request: DeskRequest, slug: str, upgrade_id: int) -> HttpResponse:
    """Make a plan that gives the numbers that Diga detached their agent back, and lead to its preview."""
    desk = open_desk(request, slug, Right.BULK)
    upgrade = _upgrade_of(desk, upgrade_id)
    form = GiveBackForm(request.POST)
    token = form.cleaned_data["form_token"] if form.is_valid() else None
    try:
        plan = reattach.plan_giving_back(
            upgrade=upgrade,
            author=desk.user,
            reason=_("Gives back what upgrade #%(id)d has detached") % {"id": upgrade.pk},
            form_token=token,
            form_digest=digest_of_form(request),
            clock=timezone.now,
        )
    except SpentForm as spent:
        words = plan_actions.words_for_spent_form(spent.earlier)
        return _show_detail(request, desk, upgrade, words=words, status=409)
    except NothingPlanned:
        words = wording_upgrades.words_for_nothing_to_give_back()
        return _show_detail(request, desk, upgrade, words=words, status=409)
    return redirect(plan_page_url(plan, slug))
