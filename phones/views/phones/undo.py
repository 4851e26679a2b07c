"""Undo in the drawer: at once where it touches no live call, else after its effects were read."""

from uuid import UUID

from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404
from django.utils import timezone
from django_htmx.http import trigger_client_event

from phones.access import Desk, DeskRequest, Right, open_desk
from phones.forms.reverting import RevertForm
from phones.models import Change, Source
from phones.services.audit import queries
from phones.services.editing import revert, save
from phones.services.routing.catalogue import catalogue_of
from phones.views.parts.saving.progress import IN_FORM, saving_of
from phones.views.parts.saving.result import Answer, answer_for
from phones.views.phones.shown import phone_of, show
from phones.views.phones.undo_form import Attempt
from phones.views.post_only import post_only
from phones.wording.history import changes as wording_changes


@post_only
def phone_undo(request: DeskRequest, slug: str, phone_id: UUID, change_id: int) -> HttpResponse:
    """Undo a change of a phone by the one way to change a phone, and show what became of it in the drawer."""
    desk = open_desk(request, slug, Right.LABEL)
    phone = phone_of(desk, phone_id)
    change = get_object_or_404(Change, pk=change_id, phone=phone)
    if not revert.is_revertible(change):
        raise Http404
    if not desk.may_route and not {"take_inbound", "take_outbound"}.isdisjoint(request.POST):
        raise PermissionDenied
    catalogue = catalogue_of(desk.project)
    steps = revert.steps_back(change, phone, catalogue, can_label=desk.may_label, can_route=desk.may_route)
    form = RevertForm(request.POST, phone=phone, catalogue=catalogue, steps=steps)
    is_valid = form.is_valid()
    done = queries.change_of_form(phone, form.cleaned_data.get("form_token"))
    if done:
        # A double click: nothing is left to undo, and the result of the first request is shown.
        return show(request, desk, phone, words=wording_changes.words_for_change(done), result=done, with_row=True)
    if not is_valid:
        return show(request, desk, phone, attempt=Attempt(change, form), status=422)
    answer = _send(desk, change, form)
    response = show(
        request,
        desk,
        phone,
        words=answer.words,
        result=answer.change,
        attempt=None if answer.is_done else Attempt(change, form, answer.impacts),
        saving=saving_of(phone, slug, form.cleaned_data["form_token"], IN_FORM) if answer.is_waiting else None,
        status=answer.status,
        with_row=True,
    )
    return trigger_client_event(response, "phone-updated", {"id": str(phone.pk)}) if answer.is_done else response


def _send(desk: Desk, change: Change, form: RevertForm) -> Answer:
    typed = form.cleaned_data
    author = save.Author(
        desk.user, typed["reason"], typed["ticket"], Source.REVERT, typed["form_token"], reverts=change
    )
    return answer_for(
        form,
        lambda: save.change_phone(
            project=desk.project,
            phone=form.phone,
            edit=form.edit(),
            base=form.base(),
            author=author,
            agreed=form.agreed(),
            clock=timezone.now,
        ),
    )
