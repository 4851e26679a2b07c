"""The palette: its page, the fragment with its hits, and the plan that is made of a ticket."""

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from phones.access import Desk, DeskRequest, open_desk
from phones.forms.tickets import TicketPlanForm
from phones.models import Phone, PlanKind
from phones.services.editing.spent_forms import SpentForm
from phones.services.finding.phone_list import QUERY_LIMIT
from phones.services.plans import create
from phones.services.plans.bulk_edits import BulkEdit
from phones.services.plans.drafts import PlanRequest
from phones.services.routing.catalogue import catalogue_of
from phones.views.htmx import is_for
from phones.views.palette.hits import groups_of
from phones.views.palette.tickets import TEXT_LIMIT, ticket_of
from phones.views.parts.permalinks import plan_page_url
from phones.views.parts.saving.sent_forms import digest_of_form
from phones.wording.plans import actions as plan_actions


@require_http_methods(["GET", "POST"])
def palette(request: DeskRequest, slug: str) -> HttpResponse:
    """Show what a text finds, or what a ticket asks for; make a plan of a ticket with several numbers."""
    desk = open_desk(request, slug)
    if request.method == "GET":
        return _show(request, desk)
    if not desk.may_bulk:
        raise PermissionDenied
    form = TicketPlanForm(request.POST, catalogue=catalogue_of(desk.project))
    if not form.is_valid():
        messages.error(request, " ".join(str(error) for errors in form.errors.values() for error in errors))
        return _show(request, desk, status=422)
    return _plan(request, desk, form)


def _show(request: DeskRequest, desk: Desk, *, status: int = 200) -> HttpResponse:
    typed = request.GET.get("q", "").replace("\x00", "").strip()
    text = " ".join(typed.split())
    is_too_long = len(typed) > TEXT_LIMIT
    ticket = None if is_too_long else ticket_of(desk, typed, request.GET)
    groups = [] if ticket or is_too_long else groups_of(desk, text[:QUERY_LIMIT], timezone.now())
    context = {
        "desk": desk,
        "section": "",
        "query": text[:QUERY_LIMIT],
        "groups": groups,
        "count": sum(len(group.hits) for group in groups),
        "ticket": ticket,
        "is_too_long": is_too_long,
        "has_shortcuts": desk.shell.has_shortcuts,
        "slug": desk.project.slug,
    }
    template = "palette/_hits.html" if is_for(request, "palette-hits") else "palette/palette.html"
    return render(request, template, context, status=status)


def _plan(request: DeskRequest, desk: Desk, form: TicketPlanForm) -> HttpResponse:
    """Make a plan of the numbers that were shown, and lead to its preview; nothing is sent yet."""
    typed = form.cleaned_data
    wish = BulkEdit(inbound=typed["version"])
    phones = {phone.pk: phone for phone in Phone.objects.filter(project=desk.project, pk__in=typed["phones"])}
    try:
        plan = create.create_plan(
            PlanRequest(
                project=desk.project,
                author=desk.user,
                kind=PlanKind.CHANGE,
                draft=wish.draft([phones[phone_id] for phone_id in typed["phones"] if phone_id in phones]),
                reason=typed["reason"],
                ticket=typed["ticket"],
                wish=wish.wish(),
                form_token=typed["form_token"],
                form_digest=digest_of_form(request),
            ),
            clock=timezone.now,
        )
    except SpentForm as spent:
        words = plan_actions.words_for_spent_form(spent.earlier, has_file=False)
        messages.error(request, f"{words.title} {words.text}")
        return _show(request, desk, status=409)
    except create.NothingPlanned:
        messages.error(request, _("No number of this project is chosen. Nothing was planned."))
        return _show(request, desk, status=422)
    return redirect(plan_page_url(plan, desk.project.slug))
