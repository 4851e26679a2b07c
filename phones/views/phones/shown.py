"""One phone as the views of it answer: as the drawer, or as the list with the drawer beside it."""

from datetime import datetime
from typing import Any
from uuid import UUID

from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import timezone

from phones.access import Desk, DeskRequest
from phones.models import Phone, Schedule
from phones.services.routing.catalogue import catalogue_of
from phones.services.schedules.queries import next_of_phones, of_phone
from phones.views.htmx import is_for
from phones.views.parts.lists.address import criteria_from, suffix_of
from phones.views.phones.drawer import drawer_context
from phones.views.phones.listing.page import list_context
from phones.views.phones.listing.rows import PhoneRow


def phone_of(desk: Desk, phone_id: UUID) -> Phone:
    """Return a phone of the desk's project.

    :raises Http404: the project has none of this id.
    """
    phone = get_object_or_404(Phone, pk=phone_id, project=desk.project)
    phone.project = desk.project
    return phone


def show(
    request: DeskRequest, desk: Desk, phone: Phone, *, status: int = 200, with_row: bool = False, **parts: Any
) -> HttpResponse:
    """Answer with the drawer where htmx asks for it, else with the list and the drawer beside it."""
    now = timezone.now()
    schedules = of_phone(phone)
    row = _row(request, desk, phone, now, next((each for each in schedules if each.is_open), None))
    drawer = drawer_context(request, desk, phone, row, now, schedules=schedules, **parts)
    if is_for(request, "drawer"):
        context = {"drawer": drawer, "fresh_row": row if with_row else None}
        return render(request, "phones/_drawer.html", context, status=status)
    return render(
        request, "phones/list/phone_list.html", list_context(request, desk, now) | {"drawer": drawer}, status=status
    )


def row_of(request: DeskRequest, desk: Desk, phone: Phone, now: datetime) -> PhoneRow:
    """Return a phone's row of the list, with what is done next with it by itself. One query."""
    return _row(request, desk, phone, now, next_of_phones(desk.project, [phone.pk]).get(phone.pk))


def _row(request: DeskRequest, desk: Desk, phone: Phone, now: datetime, timed: Schedule | None) -> PhoneRow:
    """Return the row of a phone, in the list that the address narrows."""
    return PhoneRow.of(
        phone,
        catalogue_of(desk.project),
        list_url=reverse("phone_list", args=[desk.project.slug]),
        suffix=suffix_of(criteria_from(request.GET)),
        may_label=desk.may_label and desk.project.is_open,
        may_choose=desk.may_label,
        now=now,
        timed=timed,
    )
