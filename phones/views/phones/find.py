"""Finding numbers that stand elsewhere: pasted ones in a project, and the deep link of a ticketing tool."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from urllib.parse import urlencode
from uuid import UUID

from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.formats import number_format
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_GET, require_http_methods

from phones.access import Desk, DeskRequest, enter, open_desk
from phones.forms.finding import PasteForm
from phones.models import Phone, Project
from phones.services.finding import resolve
from phones.services.finding.phone_list import QUERY_LIMIT
from phones.services.number_reader.reader import ITEM_LIMIT, TEXT_LIMIT, Fault, Pasted, TooMuch, read_paste
from phones.services.routing.catalogue import Catalogue, catalogue_of
from phones.views.parts.badges import Badge, shown_status
from phones.views.phones.listing.rows import LaneCell

_FAULTS = {
    Fault.WORDS: gettext_lazy("no number in it"),
    Fault.SHORT: gettext_lazy("too short for a number"),
    Fault.LONG: gettext_lazy("too long for a number"),
    Fault.ROUNDED: gettext_lazy("rounded by a spreadsheet: format the column as text and copy it again"),
}


# How often a number was named, where that was more than once.
Times = str


@dataclass(frozen=True, slots=True)
class FoundPhone:
    """A phone as the finder's lists and the deep link show it, with who answers and who dials."""

    url: str
    shown: str
    nickname: str
    status: Badge
    project: str
    agents: str
    times: Times = ""

    @classmethod
    def of(cls, phone: Phone, project: Project, catalogue: Catalogue, count: int = 1) -> "FoundPhone":
        """Return the line of a phone of this project."""
        url = reverse("phone_edit", args=[project.slug, phone.pk])
        agents = _("Answers: %(inbound)s · Calls out: %(outbound)s") % {
            "inbound": _agent(phone.inbound_agent_id, catalogue),
            "outbound": _agent(phone.outbound_agent_id, catalogue),
        }
        return cls(url, phone.shown, phone.nickname or "", shown_status(phone), project.name, agents, _times(count))


def _agent(agent_id: UUID | None, catalogue: Catalogue) -> str:
    lane = LaneCell.of(agent_id, catalogue)
    if lane.agent:
        return f"{lane.agent.name} {lane.version}".strip()
    return _("Unknown agent") if lane.is_unknown else _("None")


def _times(count: int) -> Times:
    return ngettext("named once", "named %(count)d times", count) % {"count": count} if count > 1 else ""


@dataclass(frozen=True, slots=True)
class ChoiceLine:
    """A spelling with the phones it could mean, or a range with those in it."""

    text: str
    phones: list[FoundPhone]
    has_more: bool
    is_range: bool
    all_url: str
    times: Times


@dataclass(frozen=True, slots=True)
class ElsewhereLine:
    """A number of another of the person's projects."""

    text: str
    project: str
    url: str
    times: Times

    @classmethod
    def of(cls, number: resolve.FoundNumber, projects: Mapping[UUID, Project]) -> "ElsewhereLine":
        """Return the line of a number of one of these projects, by id."""
        phone = number.phones[0]
        project = projects[phone.project_id]
        url = reverse("phone_edit", args=[project.slug, phone.pk])
        return cls(number.text, project.name, url, _times(number.count))


@dataclass(frozen=True, slots=True)
class AbsentLine:
    """A number that no phone has."""

    text: str
    times: Times


@dataclass(frozen=True, slots=True)
class FaultLine:
    """Something that is no number, and why."""

    text: str
    reason: str | Promise


@dataclass(frozen=True, slots=True)
class Findings:
    """What became of a pasted text, ready to print. The addresses are "" where nothing was found, or frozen yet."""

    summary: str
    phone_count: int
    list_url: str
    change_url: str
    found: list[FoundPhone]
    choices: list[ChoiceLine]
    elsewhere: list[ElsewhereLine]
    absent: list[AbsentLine]
    faulty: list[FaultLine]

    @property
    def only_url(self) -> str:
        """The address of the phone, where a single one was found and nothing else is to be told."""
        is_single = len(self.found) == 1 and not (self.choices or self.elsewhere or self.absent or self.faulty)
        return self.found[0].url if is_single else ""


@require_http_methods(["GET", "POST"])
def phone_find(request: DeskRequest, slug: str) -> HttpResponse:
    """Ask for a text with numbers; say which of them are phones of the project. A single one is opened at once."""
    desk = open_desk(request, slug)
    typed = request.POST if request.method == "POST" else request.GET
    if request.method == "GET" and not typed.get("text", "").strip():
        return _show_finder(request, desk, PasteForm())
    form = PasteForm(typed)
    if not form.is_valid():
        return _show_finder(request, desk, form, status=422)
    try:
        pasted = read_paste(form.cleaned_data["text"])
    except TooMuch:
        words = _("This is too much at once: at most %(characters)s characters with %(numbers)s numbers.")
        form.add_error("text", words % {"characters": number_format(TEXT_LIMIT), "numbers": number_format(ITEM_LIMIT)})
        return _show_finder(request, desk, form, status=422)
    findings = _findings(desk, pasted, is_kept=request.method == "POST")
    then = {"list": findings.list_url, "change": findings.change_url}.get(typed.get("then", "")) or findings.only_url
    return redirect(then) if then else _show_finder(request, desk, form, findings)


def _show_finder(
    request: DeskRequest, desk: Desk, form: PasteForm, findings: Findings | None = None, *, status: int = 200
) -> HttpResponse:
    context = {"desk": desk, "section": "phones", "form": form, "findings": findings}
    return render(request, "phones/find/phone_find.html", context, status=status)


def _findings(desk: Desk, pasted: Pasted, *, is_kept: bool) -> Findings:
    """Look the numbers up; `is_kept` freezes the list of those found, which a mere look doesn't."""
    catalogue = catalogue_of(desk.project)
    others = others_of(desk)
    resolved = resolve.resolve(projects=[desk.project], candidates=pasted.candidates, others=others.values())
    selected_url, change_url = _selected(desk, resolved.found) if is_kept and resolved.found else ("", "")
    counts = {phone.pk: number.count for number in resolved.numbers for phone in number.phones}
    return Findings(
        summary=summary_of(resolved, pasted),
        phone_count=len(resolved.found),
        list_url=selected_url,
        change_url=change_url,
        found=[FoundPhone.of(phone, desk.project, catalogue, counts[phone.pk]) for phone in resolved.found],
        choices=[_choice(choice, desk.project, catalogue) for choice in resolved.choices],
        elsewhere=[ElsewhereLine.of(number, others) for number in resolved.elsewhere],
        absent=[AbsentLine(missing.candidate.text, _times(missing.count)) for missing in resolved.missing],
        faulty=[FaultLine(item.text, _FAULTS[item.fault]) for item in pasted.faulty],
    )


def others_of(desk: Desk) -> dict[UUID, Project]:
    """Return the person's other projects, by id."""
    return {project.pk: project for project in desk.projects if project != desk.project}


def _selected(desk: Desk, phones: list[Phone]) -> tuple[str, str]:
    """Freeze a list of phones; return the address that lists them, and the one that changes them for who may."""
    selection = resolve.keep_selection(project=desk.project, owner=desk.user, phones=phones)
    query = urlencode({"selection": selection.pk.hex})
    change_url = f"{reverse('plan_new', args=[desk.project.slug])}?{query}" if desk.may_bulk else ""
    return f"{reverse('phone_list', args=[desk.project.slug])}?{query}", change_url


def _choice(choice: resolve.Choice, project: Project, catalogue: Catalogue) -> ChoiceLine:
    list_url = reverse("phone_list", args=[project.slug])
    return ChoiceLine(
        choice.text,
        [FoundPhone.of(phone, project, catalogue) for phone in choice.phones],
        choice.has_more,
        choice.is_range,
        "" if choice.is_range else f"{list_url}?{urlencode({'q': choice.text.lstrip('…')})}",
        _times(choice.count),
    )


def summary_of(resolved: resolve.Resolved, pasted: Pasted) -> str:
    """Return the counts as a sentence, which add up to what was pasted; "" where nothing was like a number."""
    found, choices, elsewhere = resolved.found_count, len(resolved.choices), len(resolved.elsewhere)
    absent, faulty, again = len(resolved.missing), len(pasted.faulty), resolved.repeated_count
    others = pasted.ignored_count if resolved.found_count else 0
    parts = (
        (found, ngettext("%(count)d found", "%(count)d found", found)),
        (choices, ngettext("%(count)d could be yours", "%(count)d could be yours", choices)),
        (elsewhere, ngettext("%(count)d in another project", "%(count)d in other projects", elsewhere)),
        (absent, ngettext("%(count)d not in this project", "%(count)d not in this project", absent)),
        (faulty, ngettext("%(count)d not a number", "%(count)d not numbers", faulty)),
        (again, ngettext("%(count)d named again", "%(count)d named again", again)),
        (others, ngettext("%(count)d line without a number", "%(count)d lines without a number", others)),
    )
    return ", ".join(words % {"count": count} for count, words in parts if count)


@require_GET
def go(request: DeskRequest) -> HttpResponse:
    """Lead from any spelling of a number to its phone, in whichever project of the person it is."""
    return _lead_on(request, tuple(enter(request)))


@require_GET
def phone_go(request: DeskRequest, slug: str) -> HttpResponse:
    """Lead from any spelling of a number to its phone in one project."""
    return _lead_on(request, [open_desk(request, slug).project])


def _lead_on(request: DeskRequest, projects: Collection[Project]) -> HttpResponse:
    """Redirect to the only phone that is meant; else show which could be, or say that there is none."""
    spelling = " ".join(request.GET.get("n", "").replace("\x00", "").split())[:QUERY_LIMIT]
    phones = _meant(spelling, projects)
    by_id: dict[UUID, Project] = {project.pk: project for project in projects}
    lines = [FoundPhone.of(phone, by_id[phone.project_id], catalogue_of(by_id[phone.project_id])) for phone in phones]
    if len(lines) == 1:
        return redirect(lines[0].url)
    finders = [
        (project.name, f"{reverse('phone_find', args=[project.slug])}?{urlencode({'text': spelling})}")
        for project in projects
    ]
    context = {"spelling": spelling, "phones": lines, "finders": finders}
    return render(request, "phones/find/phone_go.html", context, status=200 if lines else 404)


def _meant(spelling: str, projects: Collection[Project]) -> list[Phone]:
    pasted = read_paste(spelling)
    resolved = resolve.resolve(projects=projects, candidates=pasted.candidates)
    return [*resolved.found, *(phone for choice in resolved.choices for phone in choice.phones)]
