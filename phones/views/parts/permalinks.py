"""Permanent addresses of changes and plans, and the answers to an address that may mean another row."""

from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _

from phones.access import Desk, DeskRequest
from phones.models import Change, Plan
from phones.services.audit.chain import breaks as chain_breaks
from phones.services.audit.permalinks import check_of, is_meant
from phones.templatetags.desk import full_time


def change_url(change: Change, slug: str) -> str:
    """Return the permanent address of a change."""
    return reverse("change_detail", args=[slug, change.pk, check_of(change)])


def plan_page_url(plan: Plan, slug: str) -> str:
    """Return the permanent address of a plan."""
    return reverse("plan_detail", args=[slug, plan.pk, check_of(plan)])


def is_certain(desk: Desk, row: Change | Plan, check: str) -> bool:
    """Return whether an address means this row: by its check code or, without one, as no number was given twice."""
    return is_meant(row, check) if check else not chain_breaks.has_break(desk.project)


def answer_uncertain(
    request: DeskRequest, desk: Desk, row: Change | Plan | None, number: int, check: str
) -> HttpResponse:
    """Answer an address that may mean another row than the one that has its number now.

    :raises Http404: there is no such row, and no break that would explain it.
    """
    if check:
        return _gone(request, desk, number)
    if row is None:
        raise Http404
    return _unsure(request, desk, row)


def _gone(request: DeskRequest, desk: Desk, number: int) -> HttpResponse:
    """Answer that the row of the address is not in the database."""
    text = _(
        "What had the number %(number)d when this address was made is not here: the database was restored from an "
        "older backup since, or the address was altered. If something has that number now, it is not what was meant."
    )
    return _answer(request, desk, _("Not what this address was made for"), text % {"number": number}, status=404)


def _unsure(request: DeskRequest, desk: Desk, row: Change | Plan) -> HttpResponse:
    """Answer that the number in an address may have been given twice, and when the present row was made."""
    text = _(
        "It has a number only, and numbers may have been given twice here: the database was restored from an older "
        "backup, or altered. What has the number %(number)d now was made on %(time)s. Compare that with what led you "
        "here."
    )
    words = {"number": row.pk, "time": full_time(row.created_at)}
    url = change_url(row, desk.project.slug) if isinstance(row, Change) else plan_page_url(row, desk.project.slug)
    title = _("This address does not tell what it means")
    return _answer(request, desk, title, text % words, url=url, status=409)


def _answer(request: DeskRequest, desk: Desk, title: str, text: str, *, url: str = "", status: int) -> HttpResponse:
    context = {"desk": desk, "section": "", "title": title, "text": text, "url": url}
    return render(request, "parts/permalink.html", context, status=status)
