"""The last calls of a number and the first one after its last change, read beside its drawer."""

from typing import Any
from uuid import UUID

from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_GET

from phones import diga
from phones.access import Desk, DeskRequest, open_desk
from phones.models import NoKey, Phone
from phones.services.answering.calls import NoCallsRight, newest_calls
from phones.services.answering.observed import lanes_since, note_contradiction, observe
from phones.services.answering.proof import look_for_call, waiting_of
from phones.services.routing.catalogue import catalogue_of
from phones.services.upstream import bulkhead
from phones.views.htmx import is_htmx
from phones.views.parts.answering.last_calls import (
    TRY_LIMIT,
    LastCalls,
    calls_to_read,
    last_calls,
    proof_line,
    without_right,
)
from phones.views.parts.answering.who_answers import who_answers_context
from phones.views.parts.saving.result import status_of
from phones.wording.history.changes import words_for_read_without_key
from phones.wording.phones.calls import words_for_unread_calls


@require_GET
def phone_calls_last(request: DeskRequest, slug: str, phone_id: UUID) -> HttpResponse:
    """Show the last calls of a phone, from Diga or as they were read within the last minute."""
    desk = open_desk(request, slug)
    phone = get_object_or_404(Phone, pk=phone_id, project=desk.project)
    if not is_htmx(request):
        return redirect("phone_edit", slug, phone.pk)
    before, status = who_answers_context(desk, phone, timezone.now()), 200
    place = calls_to_read(desk, phone)
    if place.read_url:
        place, status = _read(request, desk, phone, place)
    who = who_answers_context(desk, phone, timezone.now())
    context: dict[str, Any] = {"last": place, "who": who if who.words != before.words else None}
    return render(request, "calls/last_calls.html", context, status=status)


def _read(request: DeskRequest, desk: Desk, phone: Phone, place: LastCalls) -> tuple[LastCalls, int]:
    """Return the calls, or the place that says why there are none, and the status of the answer."""
    since = lanes_since(phone)
    changed_at = max((each.changed_at for each in since.values() if each.changed_at), default=None)
    try:
        with bulkhead.place_for_calls(desk.project):
            read = newest_calls(project=desk.project, phone=phone, clock=timezone.now, changed_at=changed_at)
    except NoCallsRight:
        return without_right(desk, place.all_url), 200
    except NoKey:
        return LastCalls(place.all_url, words=words_for_read_without_key().text), 422
    except bulkhead.NotAsked as error:
        tries = _number(request.GET.get("tries", "")) + 1
        if tries <= TRY_LIMIT:
            return calls_to_read(desk, phone, tries=tries), 200
        return LastCalls(place.all_url, words=words_for_unread_calls(error)), status_of(error)
    except diga.DigaError as error:
        return LastCalls(place.all_url, words=words_for_unread_calls(error)), status_of(error)
    catalogue = catalogue_of(desk.project)
    observed = observe(phone, read.calls, since, project=desk.project, catalogue=catalogue)
    note_contradiction(phone, observed)
    return last_calls(desk, phone, read, observed, catalogue), 200


@require_GET
def phone_proof(request: DeskRequest, slug: str, phone_id: UUID) -> HttpResponse:
    """Look whether a call has shown the last change of a phone; the last answer, 286, ends the polling."""
    desk = open_desk(request, slug)
    phone = get_object_or_404(Phone, pk=phone_id, project=desk.project)
    if not is_htmx(request):
        return redirect("phone_edit", slug, phone.pk)
    waiting = waiting_of(phone, timezone.now())
    if waiting is None:
        return render(request, "calls/proof.html", {"proof": None, "last": None}, status=286)
    try:
        with bulkhead.place_for_calls(desk.project):
            waiting = look_for_call(project=desk.project, phone=phone, waiting=waiting, clock=timezone.now)
    except (NoCallsRight, NoKey):
        return render(request, "calls/proof.html", {"proof": None, "last": None}, status=286)
    except diga.DigaError:
        # It is asked again later; a read that failed counts.
        waiting = waiting_of(phone, timezone.now()) or waiting
    proof = proof_line(desk, phone, waiting, catalogue_of(desk.project))
    # Once a call was seen, it is among the last ones too: they are read again.
    context = {"proof": proof, "last": calls_to_read(desk, phone) if waiting.call else None}
    return render(request, "calls/proof.html", context, status=200 if proof.url else 286)


def _number(text: str) -> int:
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 3 else 0
