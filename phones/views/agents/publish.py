"""Publishing another version of an agent: what it would do, and the plan that does it."""

import uuid

from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_GET, require_http_methods

from phones import diga
from phones.access import Desk, DeskRequest, Right, open_desk
from phones.forms.plans.publishing import PublishForm
from phones.models import NoKey, Plan, PlanKind
from phones.services.editing.spent_forms import SpentForm
from phones.services.plans.publishing.create import make_publish_plan
from phones.services.plans.publishing.preview import NotOffered, outlook_of
from phones.services.routing.catalogue import AgentEntry, catalogue_of
from phones.services.sync import refresh
from phones.services.upstream import bulkhead
from phones.views.parts.addresses import BIGGEST_ID
from phones.views.parts.permalinks import plan_page_url
from phones.views.parts.publish_refusals import PUBLISH_REFUSALS, refusal_of
from phones.views.parts.saving.sent_forms import digest_of_form, spent_context
from phones.wording.history import changes
from phones.wording.history.changes import Words
from phones.wording.plans import publishing


@require_http_methods(["GET", "POST"])
def agent_publish(request: DeskRequest, slug: str, agent_id: uuid.UUID) -> HttpResponse:
    """Show what publishing a saved version would do to every number of the agent; make a plan of it."""
    desk = open_desk(request, slug, Right.BULK)
    agent = catalogue_of(desk.project).agent(agent_id)
    if agent is None:
        raise Http404
    if request.method == "GET":
        return _show(request, desk, agent, _version_id(request.GET.get("version", "")), PublishForm())
    form = PublishForm(request.POST)
    if not form.is_valid():
        return _show(request, desk, agent, _version_id(request.POST.get("version_id", "")), form, status=422)
    return _plan(request, desk, agent, form)


def _version_id(text: str) -> uuid.UUID | None:
    try:
        return uuid.UUID(text)
    except ValueError:
        return None


def _plan(request: DeskRequest, desk: Desk, agent: AgentEntry, form: PublishForm) -> HttpResponse:
    typed = form.cleaned_data
    try:
        with bulkhead.place_to_act(desk.project):
            plan = make_publish_plan(
                project=desk.project,
                agent_id=agent.id,
                version_id=typed["version_id"],
                author=desk.user,
                reason=typed["reason"],
                ticket=typed["ticket"],
                form_token=typed["form_token"],
                form_digest=digest_of_form(request),
                clock=timezone.now,
            )
    except SpentForm as spent:
        return _show(request, desk, agent, typed["version_id"], form, spent=spent, status=409)
    except PUBLISH_REFUSALS as refusal:
        status, words = refusal_of(refusal)
        # Diga has just kept a thread waiting: our copy has to do.
        asks = not isinstance(refusal, diga.DigaUnavailable)
        return _show(request, desk, agent, typed["version_id"], form, words=words, asks=asks, status=status)
    return redirect(plan_page_url(plan, desk.project.slug))


def _show(
    request: DeskRequest,
    desk: Desk,
    agent: AgentEntry,
    version_id: uuid.UUID | None,
    form: PublishForm,
    *,
    words: Words | None = None,
    spent: SpentForm | None = None,
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
    context = {"desk": desk, "section": "agents", "agent": shown or agent, "outlook": None, "verdict": None}
    context |= {"effect": None, "form": form, "words": words, "earlier_url": ""}
    context |= spent_context(spent, desk.project.slug) if spent else {}
    try:
        outlook = outlook_of(desk.project, shown, version_id)
    except NotOffered as not_offered:
        context["verdict"] = publishing.words_for_not_offered(not_offered.why)
    else:
        context |= {"outlook": outlook, "effect": publishing.words_for_outlook(outlook)}
    return render(request, "agents/agent_publish.html", context, status=status)


@require_GET
def agent_upgrade(request: DeskRequest, slug: str, agent_id: uuid.UUID) -> HttpResponse:
    """Lead from the address that this page once had to the one that it has."""
    desk = open_desk(request, slug, Right.BULK)
    if catalogue_of(desk.project).agent(agent_id) is None:
        raise Http404
    query = request.META["QUERY_STRING"]
    return redirect(reverse("agent_publish", args=[slug, agent_id]) + (f"?{query}" if query else ""))


@require_GET
def agent_upgrade_detail(request: DeskRequest, slug: str, upgrade_id: int) -> HttpResponse:
    """Lead from the address of an upgrade to the plan that was made of it."""
    desk = open_desk(request, slug)
    if upgrade_id > BIGGEST_ID:
        raise Http404
    plan = get_object_or_404(Plan, project=desk.project, kind=PlanKind.PUBLISH, wish__version__upgrade=upgrade_id)
    return redirect(plan_page_url(plan, slug))
