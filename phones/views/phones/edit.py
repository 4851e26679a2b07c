"""The list of phones, one phone, and its edit forms."""

from uuid import UUID

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods
from django_htmx.http import HttpResponseClientRefresh, trigger_client_event

from phones import diga
from phones.access import Desk, DeskRequest, Right, open_desk
from phones.forms.phones import ROUTE_FIELDS, NicknameForm, PhoneForm, using
from phones.forms.versions import version_of
from phones.models import Change, NoKey, Phone
from phones.services.editing import guard as editing_guard
from phones.services.editing import presence, recheck
from phones.services.routing.catalogue import catalogue_of
from phones.services.routing.impact import fingerprint
from phones.services.routing.lanes import Lane
from phones.services.upstream import bulkhead
from phones.views.htmx import is_for, is_htmx
from phones.views.parts.agent_picker import wants_list
from phones.views.parts.answering.who_answers import GIVE
from phones.views.parts.changes import ChangeLine
from phones.views.parts.lists.address import criteria_from, suffix_of
from phones.views.parts.lists.columns import shown_count
from phones.views.parts.saving.guard import guard_context
from phones.views.parts.saving.progress import IN_FORM, IN_ROW, Saving, saving_of
from phones.views.parts.saving.result import Answer, status_of
from phones.views.phones.changing import change, rename
from phones.views.phones.conflicts import clashes_of
from phones.views.phones.drawer import newest_changes
from phones.views.phones.kept_reasons import FORGET, keep_reason, kept_reason, without_reason
from phones.views.phones.listing.page import list_context
from phones.views.phones.shown import phone_of, row_of, show
from phones.views.post_only import post_only
from phones.wording.history import changes as wording_changes
from phones.wording.history.changes import Words
from phones.wording.phones import saves


@require_GET
def phone_list(request: DeskRequest, slug: str) -> HttpResponse:
    """Show the phones of a project, narrowed by the address."""
    desk = open_desk(request, slug)
    if is_for(request, "drawer"):
        closed = {"drawer": None, "project_name": desk.project.name, "fresh_row": None}
        return render(request, "phones/_drawer.html", closed)
    context = list_context(request, desk, timezone.now())
    template = "phones/list/phone_list.html"
    if not is_for(request, "phone-table"):
        return render(request, template, context | {"drawer": None})
    response = render(request, template + "#phone-table", context)
    response["HX-Push-Url"] = context["here_url"]
    return response


@require_http_methods(["GET", "POST"])
def phone_edit(request: DeskRequest, slug: str, phone_id: UUID) -> HttpResponse:
    """Show a phone with its form and history; save the form through Diga."""
    desk = open_desk(request, slug)
    phone = phone_of(desk, phone_id)
    if request.method == "GET":
        return show(request, desk, phone, given=_given_form(request, desk, phone))
    form = _phone_form(request, desk, phone)
    if FORGET in request.POST:
        return _forget_reason(request, desk, phone, form)
    if not form.is_valid():
        return show(request, desk, phone, form=form, status=422)
    if "use" in request.POST:
        return show(request, desk, phone, form=form, words=_words_for_use(form, request.POST["use"]))
    if wants_list(request):
        return show(request, desk, phone, form=form)
    if _wants_review(request, form, phone):
        return show(request, desk, phone, form=form, words=saves.words_for_review())
    return _save(request, desk, phone, form)


def _phone_form(request: DeskRequest, desk: Desk, phone: Phone) -> PhoneForm:
    """Return the posted form; a role that may not touch a field it carries gets 403."""
    if not desk.may_label or (not desk.may_route and not {*ROUTE_FIELDS, "use"}.isdisjoint(request.POST)):
        raise PermissionDenied
    catalogue = catalogue_of(desk.project)
    data = using(request.POST, catalogue, request.POST["use"]) if "use" in request.POST else request.POST
    if FORGET in request.POST:
        data = without_reason(data)
    return PhoneForm(data, phone=phone, catalogue=catalogue, can_route=desk.may_route)


def _given_form(request: DeskRequest, desk: Desk, phone: Phone) -> PhoneForm | None:
    """Return the form in which the version of the address is chosen for incoming calls; None if it names none."""
    catalogue = catalogue_of(desk.project)
    found = version_of(catalogue, request.GET.get(GIVE, ""))
    if not found or found.version.is_draft or not desk.may_route:
        return None
    chosen = {"inbound_version_id": str(found.version.id)}
    initial = kept_reason(request, desk) | chosen
    return PhoneForm(phone=phone, catalogue=catalogue, can_route=True, initial=initial)


def _forget_reason(request: DeskRequest, desk: Desk, phone: Phone, form: PhoneForm) -> HttpResponse:
    """Forget the reason that is kept; what else was typed stays in the form."""
    keep_reason(request, desk, {"reason": "", "ticket": ""})
    is_untouched = form.is_valid() and form.edit().is_empty and not {"from_at", "until_at"} & set(form.changed_data)
    return show(request, desk, phone, form=None if is_untouched else form)


def _words_for_use(form: PhoneForm, version_id: str) -> Words | None:
    """Say which version was chosen for the person, None where there was nothing to choose it for."""
    found = version_of(form.catalogue, version_id)
    is_chosen = any(form.cleaned_data.get(f"{lane}_version_id") == version_id for lane in Lane)
    return saves.words_for_choice(found.version.label) if found and is_chosen else None


def _wants_review(request: DeskRequest, form: PhoneForm, phone: Phone) -> bool:
    """Say whether to show the guard first: without JavaScript nobody has read it before pressing Save."""
    if "review" not in request.POST:
        return False
    impacts = editing_guard.impacts_of(phone, form.edit())
    return bool(impacts) and form.cleaned_data.get("reviewed") != fingerprint(impacts)


def _save(request: DeskRequest, desk: Desk, phone: Phone, form: PhoneForm) -> HttpResponse:
    answer = change(desk, phone, form)
    if answer.is_done:
        keep_reason(request, desk, form.cleaned_data)
    if answer.is_set and answer.words and not is_htmx(request):
        messages.success(request, f"{answer.words.title}: {answer.words.text}")
        return redirect(request.path + suffix_of(criteria_from(request.GET)))
    if answer.is_done and answer.change and not is_htmx(request):
        where = suffix_of(criteria_from(request.GET), change=str(answer.change.pk))
        return redirect(request.path + where)
    response = show(
        request,
        desk,
        phone,
        form=_redisplayed(form, answer),
        words=answer.words,
        result=answer.change,
        impacts=answer.impacts,
        status=answer.status,
        with_row=True,
        saving=_saving(desk, phone, form, answer, IN_FORM),
    )
    return trigger_client_event(response, "phone-updated", {"id": str(phone.pk)}) if answer.is_done else response


def _saving(desk: Desk, phone: Phone, form: NicknameForm, answer: Answer, place: str) -> Saving | None:
    """Return what asks whether the save that is in the way is over, if one is."""
    if not answer.is_waiting:
        return None
    return saving_of(phone, desk.project.slug, form.cleaned_data["form_token"], place)


def _redisplayed(form: PhoneForm, answer: Answer) -> PhoneForm | None:
    """Return the form to show after a save: none (a fresh one) if done, what was typed otherwise."""
    if answer.is_done:
        return None
    return form.rebased(answer.asked) if answer.is_rebased else form


@require_GET
def phone_guard(request: DeskRequest, slug: str, phone_id: UUID) -> HttpResponse:
    """Say what the form as it stands would do to live calls."""
    desk = open_desk(request, slug, Right.ROUTE)
    phone = phone_of(desk, phone_id)
    form = PhoneForm(request.GET, phone=phone, catalogue=catalogue_of(desk.project), can_route=True)
    guard = guard_context(phone, form, desk) if form.is_valid() else None
    return render(request, "parts/saving/_guard.html", {"guard": guard, "understood": None, "slug": slug})


@post_only
def phone_reread(request: DeskRequest, slug: str, phone_id: UUID) -> HttpResponse:
    """Read one phone from Diga now, and say whether our copy was right.

    What a process had sent that died, or got no answer, is settled by that.
    """
    desk = open_desk(request, slug)
    phone = phone_of(desk, phone_id)
    was_reachable = desk.project.is_reachable
    words, has_settled, has_moved, status = None, False, False, 200
    try:
        with bulkhead.place_to_read(desk.project):
            has_settled, has_moved = recheck.settle_and_refresh(project=desk.project, phone=phone, clock=timezone.now)
    except diga.DigaError as error:
        words, status = wording_changes.words_for_read(error), status_of(error)
    except NoKey:
        words, status = wording_changes.words_for_read_without_key(), 422
    if not is_htmx(request):
        if words:
            messages.error(request, f"{words.title}: {words.text}")
        return redirect(request.path.removesuffix("reread/") + suffix_of(criteria_from(request.GET)))
    if desk.project.is_reachable and not was_reachable:
        # Diga answers again, so what the page keeps closed is open.
        return HttpResponseClientRefresh()
    row = row_of(request, desk, phone, timezone.now())
    if is_for(request, f"phone-{phone.pk}"):
        announcement = words or Words("ok", _("Checked again"))
        return render(request, "phones/list/_phone_row.html", {"row": row, "announcement": announcement}, status=status)
    context = {
        "desk": desk,
        "phone": phone,
        "row": row,
        "words": words,
        "has_moved": has_moved,
        "others": presence.note_presence(phone=phone, user=desk.user, clock=timezone.now),
        "with_row": True,
    }
    response = render(request, "phones/_read_state.html", context, status=status)
    return trigger_client_event(response, "change-settled", {"id": str(phone.pk)}) if has_settled else response


@require_http_methods(["GET", "POST"])
def phone_rename(request: DeskRequest, slug: str, phone_id: UUID) -> HttpResponse:
    """Rename a phone where it stands in the list."""
    desk = open_desk(request, slug, Right.LABEL)
    phone = phone_of(desk, phone_id)
    catalogue = catalogue_of(desk.project)
    if request.method == "GET":
        if "cancel" in request.GET and is_htmx(request):
            row = row_of(request, desk, phone, timezone.now())
            return render(request, "phones/list/_phone_row.html", {"row": row, "announcement": None})
        return _show_rename(request, desk, phone, NicknameForm(phone=phone, catalogue=catalogue))
    form = NicknameForm(request.POST, phone=phone, catalogue=catalogue)
    if not form.is_valid():
        return _show_rename(request, desk, phone, form, status=422)
    answer = rename(desk, phone, form)
    if not answer.is_done:
        form = form.rebased(answer.asked) if answer.is_rebased else form
        return _show_rename(
            request,
            desk,
            phone,
            form,
            words=answer.words,
            result=answer.change,
            saving=_saving(desk, phone, form, answer, IN_ROW),
            status=answer.status,
        )
    if not is_htmx(request):
        where = suffix_of(criteria_from(request.GET), **({"change": str(answer.change.pk)} if answer.change else {}))
        return redirect(request.path.removesuffix("nickname/") + where)
    row = row_of(request, desk, phone, timezone.now())
    response = render(request, "phones/list/_phone_row.html", {"row": row, "announcement": answer.words})
    return trigger_client_event(response, "phone-updated", {"id": str(phone.pk)})


def _show_rename(
    request: DeskRequest,
    desk: Desk,
    phone: Phone,
    form: NicknameForm,
    *,
    words: Words | None = None,
    result: Change | None = None,
    saving: Saving | None = None,
    status: int = 200,
) -> HttpResponse:
    row = row_of(request, desk, phone, timezone.now())
    span = shown_count(criteria_from(request.GET)) - 1
    changes = newest_changes(phone) if form.seen.asked else []
    context = {
        "desk": desk,
        "section": "phones",
        "row": row,
        "form": form,
        "words": words,
        "result": ChangeLine.of(result, desk.project.slug) if result else None,
        "clashes": clashes_of(form, changes),
        "span": span,
        "saving": saving,
    }
    template = "phones/phone_rename.html" + ("#rename-row" if is_htmx(request) else "")
    return render(request, template, context, status=status)
