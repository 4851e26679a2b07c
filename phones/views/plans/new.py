"""Choosing many phones in the list, and saying what is to be done with them."""

from dataclasses import dataclass

from django import forms
from django.http import HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from phones.access import Desk, DeskRequest, Right, open_desk
from phones.forms.plans.planning import KEEP, WishForm
from phones.models import Phone, PlanKind, Selection
from phones.services.editing.spent_forms import SpentForm
from phones.services.finding import selections
from phones.services.plans import create
from phones.services.plans.drafts import PlanRequest
from phones.services.plans.nickname_patterns import BadPattern, Pattern
from phones.services.routing.catalogue import catalogue_of
from phones.services.routing.lanes import Lane
from phones.views.htmx import is_for
from phones.views.parts.agent_picker import AgentPicker, wants_list
from phones.views.parts.lists.address import criteria_from
from phones.views.parts.lists.address import suffix_of as list_suffix_of
from phones.views.parts.permalinks import plan_page_url
from phones.views.parts.saving.sent_forms import digest_of_form, spent_context
from phones.views.plans.query import suffix_of
from phones.views.plans.timing import set_end_with

# How many names a pattern's preview shows, and how many numbers stand for all that are chosen.
NAMES_SHOWN = 3
NUMBERS_SHOWN = 5


@require_http_methods(["GET", "POST"])
def plan_new(request: DeskRequest, slug: str) -> HttpResponse:
    """Ask what is to be done with the phones of a choice; make a plan of it, which sends nothing yet."""
    desk = open_desk(request, slug, Right.BULK)
    selection = selections.find_selection(project=desk.project, selection=request.GET.get("selection", ""))
    if selection is None:
        return _show_no_choice(request, desk)
    catalogue = catalogue_of(desk.project)
    if request.method == "GET":
        phones = selections.chosen_phones(selection, first=max(NAMES_SHOWN, NUMBERS_SHOWN))
        if is_for(request, "pattern-names"):
            names = PatternNames.of(request.GET.get("nickname_pattern", ""), phones)
            return render(request, "plans/new/_pattern_names.html", {"names": names})
        return _show_wish(request, desk, selection, WishForm(catalogue=catalogue, phones=phones))
    phones = selections.chosen_phones(selection)
    if wants_list(request):
        return _show_wish(
            request, desk, selection, WishForm(catalogue=catalogue, phones=phones, initial=request.POST.dict())
        )
    form = WishForm(request.POST, catalogue=catalogue, phones=phones)
    if not form.is_valid():
        return _show_wish(request, desk, selection, form, status=422)
    return _plan(request, desk, selection, form)


def _plan(request: DeskRequest, desk: Desk, selection: Selection, form: WishForm) -> HttpResponse:
    wish, typed = form.wish(), form.cleaned_data
    try:
        plan = create.create_plan(
            PlanRequest(
                project=desk.project,
                author=desk.user,
                kind=PlanKind.CHANGE,
                draft=wish.draft(form.phones),
                reason=typed["reason"],
                ticket=typed["ticket"],
                wish=wish.wish(),
                form_token=typed["form_token"],
                form_digest=digest_of_form(request),
            ),
            clock=timezone.now,
        )
    except SpentForm as spent:
        return _show_wish(request, desk, selection, form, spent=spent, status=409)
    except create.NothingPlanned:
        return _show_no_choice(request, desk)
    set_end_with(plan, desk, typed["until_at"])
    return redirect(plan_page_url(plan, desk.project.slug) + suffix_of(start=form["from_at"].value()))


def _show_no_choice(request: DeskRequest, desk: Desk) -> HttpResponse:
    """Say that there is nothing to change: no choice was made, or it is kept no longer."""
    asked = 404 if "selection" in request.GET else 200
    status = 422 if request.method == "POST" else asked
    context = {"desk": desk, "section": "phones", "form": None}
    return render(request, "plans/new/plan_new.html", context, status=status)


@dataclass(frozen=True, slots=True)
class PatternNames:
    """What a pattern makes of the first numbers, as pairs of number and nickname; or what is wrong with it."""

    pairs: list[tuple[str, str]]
    unheard: str = ""

    @classmethod
    def of(cls, text: str, phones: list[Phone]) -> "PatternNames":
        """Return the first names that a pattern makes."""
        try:
            pattern = Pattern.read(text.strip())
        except BadPattern as bad:
            return cls([], bad.placeholder)
        if not pattern.text:
            return cls([])
        return cls([(phone.shown, pattern.name(place, phone)) for place, phone in enumerate(phones[:NAMES_SHOWN], 1)])


@dataclass(frozen=True, slots=True)
class FieldChoice:
    """A field of the panel: what can be done with it, and the field for what it is set to.

    `emptied` says what it means to empty it, "" where that needs no words.
    """

    how: forms.BoundField
    value: forms.BoundField
    icon: str = ""
    emptied: str = ""
    picker: AgentPicker | None = None

    @property
    def options(self) -> list[tuple[str, str, bool]]:
        """What can be done with it, as code, words, and whether that is chosen."""
        chosen = self.how.value() or KEEP
        return [(code, label, code == chosen) for code, label in self.how.field.choices]  # type: ignore[attr-defined]


# icons: phone-incoming phone-outgoing
def _show_wish(
    request: DeskRequest,
    desk: Desk,
    selection: Selection,
    form: WishForm,
    *,
    spent: SpentForm | None = None,
    status: int = 200,
) -> HttpResponse:
    phones = list(form.phones)
    back = list_suffix_of(criteria_from(QueryDict(request.GET.get("back", ""))))
    is_whole = wants_list(request)
    inbound, outbound = (AgentPicker.of_plan(form, lane, desk.project.slug, is_whole=is_whole) for lane in Lane)
    context = {
        "desk": desk,
        "section": "phones",
        "form": form,
        "count": len(selection.phone_ids),
        "numbers": [phone.shown for phone in phones[:NUMBERS_SHOWN]],
        "more_count": len(selection.phone_ids) - min(len(phones), NUMBERS_SHOWN),
        "nickname": FieldChoice(form["nickname_how"], form["nickname_pattern"]),
        "lanes": [
            FieldChoice(
                form["inbound_how"],
                inbound.field,
                "phone-incoming",
                _("Unassign: nobody answers incoming calls"),
                inbound,
            ),
            FieldChoice(
                form["outbound_how"],
                outbound.field,
                "phone-outgoing",
                _("Unassign: nobody makes outgoing calls"),
                outbound,
            ),
        ],
        "names": PatternNames.of(str(form["nickname_pattern"].value() or ""), phones),
        "here_url": request.get_full_path(),
        "back_url": reverse("phone_list", args=[desk.project.slug]) + back,
        "tag_url": f"{reverse('phone_tag', args=[desk.project.slug])}?{request.GET.urlencode()}",
        **spent_context(spent, desk.project.slug),
    }
    return render(request, "plans/new/plan_new.html", context, status=status)
