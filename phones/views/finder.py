"""Finding numbers that stand elsewhere: pasted ones in a project, and the deep link of a ticketing tool."""

from collections.abc import Collection
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

from phones.access import Desk, DeskRequest, open_desk, projects_of
from phones.forms.finding import PasteForm
from phones.models import Phone, Project
from phones.services import resolving
from phones.services.finding import QUERY_LIMIT
from phones.services.pasting import ITEM_LIMIT, TEXT_LIMIT, Fault, Pasted, TooMuch, read_paste

from .rows import Badge, shown_status

_FAULTS = {
    Fault.WORDS: gettext_lazy("no number in it"),
    Fault.SHORT: gettext_lazy("too short for a number"),
    Fault.LONG: gettext_lazy("too long for a number"),
    Fault.ROUNDED: gettext_lazy("rounded by a spreadsheet: format the column as text and copy it again"),
}


@dataclass(frozen=True, slots=True)
class FoundPhone:
    """A phone as the finder's lists and the deep link show it."""

    url: str
    shown: str
    nickname: str
    status: Badge
    project: str

    @classmethod
    def of(cls, phone: Phone, project: Project) -> "FoundPhone":
        """Return the line of a phone of this project."""
        url = reverse("phone_edit", args=[project.slug, phone.pk])
        return cls(url, phone.shown, phone.nickname or "", shown_status(phone), project.name)


@dataclass(frozen=True, slots=True)
class ChoiceLine:
    """A spelling with the phones it could mean."""

    text: str
    phones: list[FoundPhone]
    has_more: bool
    all_url: str


@dataclass(frozen=True, slots=True)
class FaultLine:
    """Something that is no number, and why."""

    text: str
    reason: str | Promise


@dataclass(frozen=True, slots=True)
class Findings:
    """What became of a pasted text, ready to print."""

    summary: str
    found_count: int
    phone_count: int
    list_url: str
    change_url: str
    choices: list[ChoiceLine]
    absent: list[str]
    faulty: list[FaultLine]


@require_http_methods(["GET", "POST"])
def phone_find(request: DeskRequest, slug: str) -> HttpResponse:
    """Ask for a text with numbers; say which of them are phones of the project."""
    desk = open_desk(request, slug)
    if request.method == "GET":
        return _show_finder(request, desk, PasteForm(initial={"text": request.GET.get("text", "")}))
    form = PasteForm(request.POST)
    if not form.is_valid():
        return _show_finder(request, desk, form, status=422)
    try:
        pasted = read_paste(form.cleaned_data["text"])
    except TooMuch:
        words = _("This is too much at once: at most %(characters)s characters with %(numbers)s numbers.")
        form.add_error("text", words % {"characters": number_format(TEXT_LIMIT), "numbers": number_format(ITEM_LIMIT)})
        return _show_finder(request, desk, form, status=422)
    return _show_finder(request, desk, form, _findings(desk, pasted))


def _show_finder(
    request: DeskRequest, desk: Desk, form: PasteForm, findings: Findings | None = None, *, status: int = 200
) -> HttpResponse:
    context = {"desk": desk, "section": "phones", "form": form, "findings": findings}
    return render(request, "phones/phone_find.html", context, status=status)


def _findings(desk: Desk, pasted: Pasted) -> Findings:
    resolved = resolving.resolve(projects=[desk.project], candidates=pasted.candidates)
    list_url = reverse("phone_list", args=[desk.project.slug])
    selected_url = change_url = ""
    if resolved.found:
        selection = resolving.keep_selection(project=desk.project, owner=desk.user, phones=resolved.found)
        query = urlencode({"selection": selection.pk.hex})
        selected_url = f"{list_url}?{query}"
        change_url = f"{reverse('plan_new', args=[desk.project.slug])}?{query}" if desk.may_bulk else ""
    choices = [
        ChoiceLine(
            choice.text,
            [FoundPhone.of(phone, desk.project) for phone in choice.phones],
            choice.has_more,
            f"{list_url}?{urlencode({'q': choice.text.lstrip('…')})}",
        )
        for choice in resolved.choices
    ]
    return Findings(
        summary=_summary(resolved, len(pasted.faulty)),
        found_count=resolved.found_count,
        phone_count=len(resolved.found),
        list_url=selected_url,
        change_url=change_url,
        choices=choices,
        absent=resolved.absent,
        faulty=[FaultLine(item.text, _FAULTS[item.fault]) for item in pasted.faulty],
    )


def _summary(resolved: resolving.Resolved, faulty_count: int) -> str:
    """Return the counts as a sentence; "" where the text holds nothing like a number."""
    parts = [
        (resolved.found_count, ngettext("%(count)d found", "%(count)d found", resolved.found_count)),
        (
            len(resolved.choices),
            ngettext("%(count)d could be several", "%(count)d could be several", len(resolved.choices)),
        ),
        (
            len(resolved.absent),
            ngettext("%(count)d not in this project", "%(count)d not in this project", len(resolved.absent)),
        ),
        (faulty_count, ngettext("%(count)d not a number", "%(count)d not numbers", faulty_count)),
    ]
    said = [words % {"count": count} for count, words in parts if count]
    return ", ".join(said)


@require_GET
def go(request: DeskRequest) -> HttpResponse:
    """Lead from any spelling of a number to its phone, in whichever project of the person it is."""
    return _lead_on(request, projects_of(request.user))


@require_GET
def phone_go(request: DeskRequest, slug: str) -> HttpResponse:
    """Lead from any spelling of a number to its phone in one project."""
    return _lead_on(request, [open_desk(request, slug).project])


def _lead_on(request: DeskRequest, projects: Collection[Project]) -> HttpResponse:
    """Redirect to the only phone that is meant; else show which could be, or say that there is none."""
    spelling = " ".join(request.GET.get("n", "").replace("\x00", "").split())[:QUERY_LIMIT]
    phones = _meant(spelling, projects)
    by_id: dict[UUID, Project] = {project.pk: project for project in projects}
    lines = [FoundPhone.of(phone, by_id[phone.project_id]) for phone in phones]
    if len(lines) == 1:
        return redirect(lines[0].url)
    finders = [
        (project.name, f"{reverse('phone_find', args=[project.slug])}?{urlencode({'text': spelling})}")
        for project in projects
    ]
    context = {"spelling": spelling, "phones": lines, "finders": finders}
    return render(request, "phones/phone_go.html", context, status=200 if lines else 404)


def _meant(spelling: str, projects: Collection[Project]) -> list[Phone]:
    pasted = read_paste(spelling)
    resolved = resolving.resolve(projects=projects, candidates=pasted.candidates)
    return [*resolved.found, *(phone for choice in resolved.choices for phone in choice.phones)]
