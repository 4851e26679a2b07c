"""Writing the note and the tags of a phone, in the drawer or on a page of its own. Diga is not asked."""

from uuid import UUID

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from phones.access import Desk, DeskRequest, Right, open_desk
from phones.forms.notes import TOO_MANY, NoteForm
from phones.models import Phone
from phones.services.notes.tags import TAGS_A_PHONE, TooManyTags, change_tags
from phones.services.notes.writing import NoteMoved, write_note
from phones.views.htmx import is_for
from phones.views.parts.lists.address import criteria_from, suffix_of
from phones.views.phones.note_form import note_of
from phones.views.phones.shown import phone_of, row_of
from phones.wording.phones.notes import NoteWords, words_for_moved_note, words_for_note


@require_http_methods(["GET", "POST"])
def phone_note(request: DeskRequest, slug: str, phone_id: UUID) -> HttpResponse:
    """Show the form of a note and tags with what was noted before, or store what was typed."""
    desk = open_desk(request, slug, Right.LABEL)
    phone = phone_of(desk, phone_id)
    if request.method == "GET":
        is_cancelled = "cancel" in request.GET and is_for(request, "phone-note")
        return _show(request, desk, phone, None if is_cancelled else NoteForm(stored=phone))
    form = NoteForm(request.POST, stored=phone)
    if not form.is_valid():
        return _show(request, desk, phone, form, status=422)
    note, seen = form.cleaned_data["note"], form.cleaned_data["seen"]
    try:
        is_new = write_note(phone=phone, note=note, seen=seen, actor=desk.user, clock=timezone.now)
        is_tagged = _tag(desk, phone, form)
    except NoteMoved as error:
        words = words_for_moved_note(error, timezone.now())
        kept = NoteForm(stored=phone, typed=note, tags=request.POST.get("tags"))
        return _show(request, desk, phone, kept, words=words, status=409)
    except TooManyTags:
        form.add_error("tags", ValidationError(TOO_MANY, params={"limit": TAGS_A_PHONE}))
        return _show(request, desk, phone, form, status=422)
    words = words_for_note(is_new=is_new, is_tagged=is_tagged)
    if is_for(request, "phone-note"):
        return _show(request, desk, phone, None, words=words)
    messages.success(request, words.title)
    return redirect(request.path.removesuffix("note/") + suffix_of(criteria_from(request.GET)))


def _tag(desk: Desk, phone: Phone, form: NoteForm) -> bool:
    """Change those tags that the person changed, and return whether that changed the phone, then as its row."""
    seen, wanted = set(form.cleaned_data["tags_seen"]), set(form.cleaned_data["tags"])
    if seen == wanted:
        return False
    add, remove = wanted - seen, seen - wanted
    ids = [phone.pk]
    count = change_tags(
        project=desk.project, phone_ids=ids, add=add, remove=remove, actor=desk.user, clock=timezone.now
    )
    phone.refresh_from_db(fields=["tags"])
    return bool(count)


def _show(
    request: DeskRequest,
    desk: Desk,
    phone: Phone,
    form: NoteForm | None,
    *,
    words: NoteWords | None = None,
    status: int = 200,
) -> HttpResponse:
    suffix = suffix_of(criteria_from(request.GET))
    note = note_of(desk, phone, suffix=suffix, form=form, words=words)
    row = row_of(request, desk, phone, timezone.now())
    if is_for(request, "phone-note"):
        return render(request, "phones/_note.html", {"note": note, "row": row if words else None}, status=status)
    context = {"desk": desk, "section": "phones", "note": note, "row": row}
    return render(request, "phones/phone_note.html", context, status=status)
