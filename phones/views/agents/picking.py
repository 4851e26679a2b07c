"""What a picker of agents asks for while it is used: agents by words, and the versions of the chosen one."""

from dataclasses import dataclass
from uuid import UUID

from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from phones.access import Desk, DeskRequest, Right, open_desk
from phones.forms.phones import PhoneForm
from phones.models import Phone
from phones.services.agents.marks import effects_of
from phones.services.agents.search import AgentHit, AgentHits, find_agents
from phones.services.phone_numbers import folded
from phones.services.routing.catalogue import AgentEntry, Catalogue, catalogue_of
from phones.services.routing.edits import PhoneEdit
from phones.services.routing.impact import Effect
from phones.services.routing.lanes import Lane, Target
from phones.views.parts.agent_picker import FILTERS, LaneChoice, Use, agents_list_id, published_first
from phones.wording.agents import Mark, mark_of


@dataclass(frozen=True, slots=True)
class OptionLine:
    """A line of the list: `value` and `label` are of the option that the select gets, `name` is for the box.

    `hit` is None for what is no agent. `mark` says what choosing it would do, None for what the lane has now.
    """

    value: str
    label: str
    name: str
    hit: AgentHit | None = None
    mark: Mark | None = None
    is_kept: bool = False
    unassigns: bool = False


@require_GET
def agent_options(request: DeskRequest, slug: str) -> HttpResponse:
    """Show the agents with these words in their names, each with what choosing it would do."""
    desk = open_desk(request, slug)
    lane, use, words = _lane(request), _use(request), request.GET.get("words", "")
    found = find_agents(project=desk.project, words=words, person=desk.user, among=_agents_of(use, desk))
    lines = _filter_lines(found) if use in FILTERS else _version_lines(request, desk, lane, found)
    context = {
        "lines": [*lines, *(line for line in _other_lines(use) if _has_words(line, words))],
        "list_id": agents_list_id(use, lane),
        "words": words,
        "shown": len(found.hits),
        "total": found.total,
        "is_marked": any(line.mark for line in lines),
    }
    return render(request, "parts/picker/_agent_options.html", context)


@require_GET
def agent_versions(request: DeskRequest, slug: str) -> HttpResponse:
    """Show the versions of the agent that is chosen in a form, each with what choosing it would do."""
    desk = open_desk(request, slug, Right.ROUTE)
    lane = _lane(request)
    chosen = request.GET.get(f"{lane}_version_id", "")
    catalogue = catalogue_of(desk.project)
    form = _form(request, desk, catalogue)
    choice = LaneChoice.of_phone(form, lane) if form else LaneChoice.of_plan()
    agent = choice.agent_of(chosen, catalogue)
    targets = [Target(agent, version) for version in published_first(agent)] if agent else []
    options = choice.options(chosen, catalogue, _effects(form, lane, targets))
    return render(request, "parts/picker/_version_options.html", {"options": options})


def _lane(request: DeskRequest) -> Lane:
    return Lane.OUTBOUND if request.GET.get("lane") == Lane.OUTBOUND else Lane.INBOUND


def _use(request: DeskRequest) -> Use:
    asked = request.GET.get("use", "")
    return Use(asked) if asked in set(Use) else Use.FILTER


def _agents_of(use: Use, desk: Desk) -> list[AgentEntry] | None:
    """Return the agents of a filter: for the history also those that left Diga. None for those on offer."""
    if use not in FILTERS:
        return None
    agents = catalogue_of(desk.project).agents
    return [agent for agent in agents if use is Use.HISTORY or agent.is_listed]


def _form(request: DeskRequest, desk: Desk, catalogue: Catalogue) -> PhoneForm | None:
    """Return the form as it stands; None where no phone is named, or the role may not change its agents."""
    if "phone" not in request.GET or not desk.may_route:
        return None
    try:
        phone_id = UUID(request.GET["phone"])
    except ValueError as malformed:
        raise Http404 from malformed
    phone = get_object_or_404(Phone, pk=phone_id, project=desk.project)
    form = PhoneForm(request.GET, phone=phone, catalogue=catalogue, can_route=True)
    form.is_valid()
    return form


def _effects(form: PhoneForm | None, lane: Lane, targets: list[Target]) -> dict[UUID, Effect]:
    """Return what giving the lane each version would do, with what else is wanted in the form."""
    if form is None or not targets:
        return {}
    edit: PhoneEdit = form.cleaned_data.get("edit") or PhoneEdit()
    lanes = tuple(Lane) if lane is Lane.INBOUND and form.cleaned_data.get("both_directions") else (lane,)
    return effects_of(phone=form.phone, edit=edit, lanes=lanes, targets=targets)


def _version_lines(request: DeskRequest, desk: Desk, lane: Lane, found: AgentHits) -> list[OptionLine]:
    """Return each agent with the version that it has published, or else its newest saved one."""
    catalogue = catalogue_of(desk.project)
    form = _form(request, desk, catalogue)
    choice = LaneChoice.of_phone(form, lane) if form else LaneChoice.of_plan()
    targets = [Target(hit.agent, published_first(hit.agent)[0]) for hit in found.hits]
    effects = _effects(form, lane, targets)
    return [_version_line(choice, hit, target, effects) for hit, target in zip(found.hits, targets, strict=True)]


def _version_line(choice: LaneChoice, hit: AgentHit, target: Target, effects: dict[UUID, Effect]) -> OptionLine:
    option = choice.option(target.agent, target.version, "", effects)
    is_kept = option.value == choice.kept
    mark = mark_of(effects[target.version.id]) if effects and not is_kept else None
    return OptionLine(option.value, option.label, hit.agent.name, hit, mark, is_kept)


def _filter_lines(found: AgentHits) -> list[OptionLine]:
    return [OptionLine(str(hit.agent.id), hit.agent.name, hit.agent.name, hit) for hit in found.hits]


def _other_lines(use: Use) -> list[OptionLine]:
    """Return what can be chosen besides an agent."""
    none, unknown = _("No agent"), _("Unknown agent")
    if use is Use.PHONE:
        return [OptionLine("", none, none, unassigns=True)]
    every = _("Every agent")
    filters = [OptionLine("", every, every), OptionLine("none", none, none), OptionLine("unknown", unknown, unknown)]
    return {Use.FILTER: filters, Use.HISTORY: filters[:1]}.get(use, [])


def _has_words(line: OptionLine, words: str) -> bool:
    return all(word in folded(line.name) for word in folded(words).split())
