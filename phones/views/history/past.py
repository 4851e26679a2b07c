"""How numbers were before a set of changes: which differ from then today, and a plan that brings them back."""

from dataclasses import dataclass
from typing import Any

from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from phones.access import Desk, DeskRequest, open_desk
from phones.forms.plans.bring_back import BringBackForm
from phones.models import Phone
from phones.services.audit.queries import Wanted, people_in
from phones.services.editing.differences import Difference, differences
from phones.services.editing.revert import Standing, Step
from phones.services.editing.spent_forms import SpentForm
from phones.services.phone_numbers import national_number
from phones.services.plans import bring_back, create
from phones.services.routing.catalogue import catalogue_of
from phones.services.routing.lanes import Target
from phones.views.history.filters import filters_of, query_of, wanted_from
from phones.views.parts.changes import Side, field_label, side_of
from phones.views.parts.permalinks import plan_page_url
from phones.views.parts.saving.sent_forms import digest_of_form, spent_context
from phones.wording.history.reverts import reason_for_bringing_back, words_for_nothing_differs, words_for_step

PAGE_SIZE = 100


@dataclass(frozen=True, slots=True)
class StepLine:
    """A field of a number: what it is now, what it was, and what there is to say about bringing it back."""

    label: str
    now: Side
    then: Side
    note: str


@dataclass(frozen=True, slots=True)
class DifferenceLine:
    """A number that differs from then."""

    url: str
    prefix: str
    national: str
    alias: str
    steps: list[StepLine]
    can_take: bool

    @classmethod
    def of(cls, found: Difference, slug: str) -> "DifferenceLine":
        """Return the line of a number. No query."""
        phone = found.phone
        prefix, national = national_number(phone.shown)
        steps = [_line(step, phone) for step in found.steps if step.standing is not Standing.SAME]
        url = reverse("phone_edit", args=[slug, phone.pk])
        return cls(url, prefix, national, phone.nickname or "", steps, found.can_take)


def _line(step: Step, phone: Phone) -> StepLine:
    then = step.wanted.snapshot if isinstance(step.wanted, Target) else step.then
    return StepLine(
        field_label(step.name), side_of(step.name, step.now), side_of(step.name, then), words_for_step(step, phone)
    )


@require_http_methods(["GET", "POST"])
def past_list(request: DeskRequest, slug: str) -> HttpResponse:
    """Show which numbers differ from before the changes that the address names; make a plan that brings them back."""
    desk = open_desk(request, slug)
    wanted = wanted_from(request.GET)
    if request.method == "GET":
        return _show(request, desk, wanted, BringBackForm(initial={"reason": reason_for_bringing_back(wanted)}))
    if not desk.may_bulk:
        raise PermissionDenied
    form = BringBackForm(request.POST)
    if not form.is_valid() or wanted.is_empty:
        return _show(request, desk, wanted, form, status=422)
    typed = form.cleaned_data
    try:
        plan = bring_back.bring_back(
            project=desk.project,
            wanted=wanted,
            author=desk.user,
            reason=typed["reason"],
            ticket=typed["ticket"],
            form_token=typed["form_token"],
            form_digest=digest_of_form(request),
            clock=timezone.now,
        )
    except SpentForm as spent:
        return _show(request, desk, wanted, form, spent=spent, status=409)
    except create.NothingPlanned:
        return _show(request, desk, wanted, form, status=422)
    return redirect(plan_page_url(plan, slug))


def _show(
    request: DeskRequest,
    desk: Desk,
    wanted: Wanted,
    form: BringBackForm,
    *,
    spent: SpentForm | None = None,
    status: int = 200,
) -> HttpResponse:
    """Answer with the page. Without a filter nothing is compared: the page asks for one."""
    catalogue = catalogue_of(desk.project)
    found: list[Difference] = []
    if not wanted.is_empty:
        found = differences(
            project=desk.project, wanted=wanted, catalogue=catalogue, can_label=desk.may_label, can_route=desk.may_route
        )
    page = Paginator(found, PAGE_SIZE).get_page(request.GET.get("page"))
    url = reverse("past_list", args=[desk.project.slug])
    phone = Phone.objects.filter(project=desk.project, pk=wanted.phone).first() if wanted.phone else None
    context: dict[str, Any] = {
        "desk": desk,
        "section": "changes",
        "filters": filters_of(
            wanted, url=url, project=desk.project, catalogue=catalogue, people=people_in(desk.project), phone=phone
        ),
        "is_asked": not wanted.is_empty,
        "lines": [DifferenceLine.of(each, desk.project.slug) for each in page],
        "total": len(found),
        "back_count": sum(each.can_take for each in found),
        "nothing": words_for_nothing_differs(),
        "form": form,
        "list_url": url,
        "here_url": url + query_of(wanted),
        "changes_url": reverse("change_list", args=[desk.project.slug]) + query_of(wanted),
        "previous_url": url + query_of(wanted, page=page.previous_page_number()) if page.has_previous() else "",
        "next_url": url + query_of(wanted, page=page.next_page_number()) if page.has_next() else "",
        **spent_context(spent, desk.project.slug),
    }
    return render(request, "history/past_list.html", context, status=status)
