"""Choosing many phones in the list, to change or to tag them."""

from urllib.parse import urlencode

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import number_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods

from phones.access import Desk, DeskRequest, Right, open_desk
from phones.services.finding import selections
from phones.services.finding.phone_list import Criteria
from phones.services.finding.selections import CHOICE_LIMIT, Chosen
from phones.views.htmx import is_for
from phones.views.parts.lists.address import criteria_from, suffix_of
from phones.views.phones.listing.page import list_context


@require_http_methods(["GET", "POST"])
def plan_choose(request: DeskRequest, slug: str) -> HttpResponse:
    """Freeze the phones that were ticked, or all that the list holds, and ask what is to be done with them.

    GET is the button for all that the list holds, as htmx asks for it: with which they are at this moment.
    """
    return _choose(request, open_desk(request, slug, Right.BULK), "plan_new")


@require_http_methods(["GET", "POST"])
def tag_choose(request: DeskRequest, slug: str) -> HttpResponse:
    """Freeze phones as `plan_choose` does, and ask which tags they get."""
    return _choose(request, open_desk(request, slug, Right.LABEL), "phone_tag")


def _choose(request: DeskRequest, desk: Desk, leads_to: str) -> HttpResponse:
    criteria = criteria_from(request.GET)
    if request.method == "GET":
        return _show_button(request, desk, criteria)
    try:
        chosen = _chosen(request, desk, criteria)
    except selections.ListMoved as moved:
        return _show_moved(request, desk, moved)
    except selections.TooManyChosen:
        words = _("More than %(count)s numbers can’t be changed at once. Nothing was chosen.")
        return _refuse(request, desk, words % {"count": number_format(CHOICE_LIMIT)})
    except selections.NothingChosen:
        return _refuse(request, desk, _("No number of this project is chosen. Tick those that you want to change."))
    _say_dropped(request, chosen)
    query = {"selection": chosen.selection.pk.hex, "back": suffix_of(criteria).removeprefix("?")}
    url = reverse(leads_to, args=[desk.project.slug])
    return redirect(f"{url}?{urlencode({key: text for key, text in query.items() if text})}")


def _show_button(request: DeskRequest, desk: Desk, criteria: Criteria) -> HttpResponse:
    if not is_for(request, "choose-all"):
        return redirect(reverse("phone_list", args=[desk.project.slug]) + suffix_of(criteria))
    count, matched = selections.matching_now(project=desk.project, criteria=criteria, now=timezone.now())
    context = {"url": request.get_full_path(), "total": count, "matched": matched, "may_bulk": desk.may_bulk}
    return render(request, "phones/list/_choose_all.html", context)


def _show_moved(request: DeskRequest, desk: Desk, moved: selections.ListMoved) -> HttpResponse:
    """Show the list as it is now, with which numbers the next press would choose."""
    count, fresh = number_format(moved.count), {"total": moved.count, "matched": moved.fingerprint}
    if isinstance(moved, selections.NotYetRead):
        words = ngettext(
            "%(count)s number matches at this moment. Press again to choose exactly this one.",
            "%(count)s numbers match at this moment. Press again to choose exactly these.",
            moved.count,
        )
        return _refuse(request, desk, words % {"count": count}, status=200, **fresh)
    words = ngettext(
        "The list is not as you saw it: it holds %(count)s number now. Nothing was chosen: look again.",
        "The list is not as you saw it: it holds %(count)s numbers now. Nothing was chosen: look again.",
        moved.count,
    )
    return _refuse(request, desk, words % {"count": count}, status=409, **fresh)


def _chosen(request: DeskRequest, desk: Desk, criteria: Criteria) -> Chosen:
    """Freeze what the form says: `all` with what was shown, else the ticks of this page and of others."""
    if (shown := request.POST.get("all", "")) != "":
        return selections.choose_matching(
            project=desk.project, owner=desk.user, criteria=criteria, shown=shown, now=timezone.now()
        )
    ids = [*request.POST.get("phones", "").split(","), *request.POST.getlist("phone")]
    return selections.choose_phones(project=desk.project, owner=desk.user, ids=ids, order=criteria.order)


def _refuse(request: DeskRequest, desk: Desk, words: str, *, status: int = 422, **fresh: object) -> HttpResponse:
    """Show the list as it is now, with what is wrong on top; `fresh` is what is known better than the list knows it."""
    (messages.info if status == 200 else messages.error)(request, words)
    context = list_context(request, desk, timezone.now()) | {"drawer": None} | fresh
    return render(request, "phones/list/phone_list.html", context, status=status)


def _say_dropped(request: DeskRequest, chosen: Chosen) -> None:
    if not chosen.dropped_count:
        return
    words = ngettext(
        "%(count)s of the chosen numbers is not in this project any more and was left out.",
        "%(count)s of the chosen numbers are not in this project any more and were left out.",
        chosen.dropped_count,
    )
    messages.warning(request, words % {"count": number_format(chosen.dropped_count)})
