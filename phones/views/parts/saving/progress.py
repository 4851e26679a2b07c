"""Polling for a save that takes long: the page asks again until it is over, and no thread waits meanwhile."""

import uuid
from dataclasses import dataclass, replace
from urllib.parse import urlencode

from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_GET

from phones.access import DeskRequest, Right, open_desk
from phones.models import Change, Phone
from phones.services.audit import queries
from phones.services.editing import save as editing_save
from phones.views.htmx import is_for, is_htmx
from phones.views.parts.permalinks import change_url
from phones.wording.history import changes
from phones.wording.history.changes import Words
from phones.wording.phones import saves

# The places of a page that show it: above the form, and in the row being renamed.
IN_FORM, IN_ROW = "saving", "rename-saving"


@dataclass(frozen=True, slots=True)
class Saving:
    """The state of a save: `url` is polled, "" once the save is over; there is no message before the first poll."""

    id: str
    url: str
    phone_url: str
    words: Words | None = None
    change_url: str = ""


def saving_of(phone: Phone, slug: str, form_token: uuid.UUID | None, place: str = IN_FORM) -> Saving:
    """Return the polling state for the save of the form, or else for any save of the phone."""
    args = [slug, phone.pk]
    query = f"?{urlencode({'sent': form_token})}" if form_token else ""
    return Saving(f"{place}-{phone.pk}", reverse("phone_saving", args=args) + query, reverse("phone_edit", args=args))


@require_GET
def phone_saving(request: DeskRequest, slug: str, phone_id: uuid.UUID) -> HttpResponse:
    """Answer whether a save of the phone is over, from our tables alone; the last answer, 286, ends the polling."""
    desk = open_desk(request, slug, Right.LABEL)
    phone = get_object_or_404(Phone, pk=phone_id, project=desk.project)
    if not is_htmx(request):
        return redirect("phone_edit", slug, phone.pk)
    token = _token(request.GET.get("sent", ""))
    change = queries.change_of_form(phone, token)
    is_over, words = _state(phone, change)
    saving = saving_of(phone, slug, token, IN_ROW if is_for(request, f"{IN_ROW}-{phone.pk}") else IN_FORM)
    saving = replace(saving, words=words, change_url=change_url(change, slug) if change else "")
    if is_over:
        saving = replace(saving, url="")
    return render(request, "parts/saving/_phone_saving.html", {"saving": saving}, status=286 if is_over else 200)


def _token(text: str) -> uuid.UUID | None:
    try:
        return uuid.UUID(text)
    except ValueError:
        return None


def _state(phone: Phone, change: Change | None) -> tuple[bool, Words]:
    """Return whether polling can end, and the message."""
    if editing_save.is_sender_dead(phone, timezone.now()):
        return True, saves.words_for_dead_sender()
    if change.is_pending if change else editing_save.is_being_sent(phone):
        return False, saves.words_for_still_being_saved()
    return True, changes.words_for_change(change) if change else saves.words_for_over()
