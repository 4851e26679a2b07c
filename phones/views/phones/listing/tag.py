"""Tagging the phones of a choice. Diga is not asked."""

from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import number_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods

from phones.access import Desk, DeskRequest, Right, open_desk
from phones.forms.notes import ADD, REMOVE, TOO_MANY, TagForm
from phones.models import Selection
from phones.services.finding import selections
from phones.services.notes.tags import PHONES_AT_ONCE, TAGS_A_PHONE, TooManyPhones, TooManyTags, change_tags
from phones.views.parts.lists.address import criteria_from, suffix_of

NUMBERS_SHOWN = 5


@require_http_methods(["GET", "POST"])
def phone_tag(request: DeskRequest, slug: str) -> HttpResponse:
    """Ask which tags the phones of a choice get or lose, and store that at once."""
    desk = open_desk(request, slug, Right.LABEL)
    selection = selections.find_selection(project=desk.project, selection=request.GET.get("selection", ""))
    if selection is None:
        asked = 404 if "selection" in request.GET else 200
        status = 422 if request.method == "POST" else asked
        context = {"desk": desk, "section": "phones", "form": None}
        return render(request, "phones/list/phone_tag.html", context, status=status)
    if request.method == "GET":
        return _show(request, desk, selection, TagForm())
    form = TagForm(request.POST)
    if not form.is_valid():
        return _show(request, desk, selection, form, status=422)
    tags, how = form.cleaned_data["tags"], form.cleaned_data["how"]
    try:
        count = change_tags(
            project=desk.project,
            phone_ids=[UUID(phone_id) for phone_id in selection.phone_ids],
            add=tags if how == ADD else (),
            remove=tags if how == REMOVE else (),
            actor=desk.user,
            clock=timezone.now,
        )
    except TooManyTags as error:
        limit = str(TOO_MANY) % {"limit": TAGS_A_PHONE}
        which = _("%(number)s would have more.") % {"number": error.phone.shown}
        form.add_error("tags", f"{limit} {which}")
        return _show(request, desk, selection, form, status=422)
    except TooManyPhones:
        words = _("At most %(count)s numbers can be tagged at once. Choose fewer.")
        form.add_error("tags", words % {"count": number_format(PHONES_AT_ONCE)})
        return _show(request, desk, selection, form, status=422)
    words = ngettext("Tags changed on %(count)s number", "Tags changed on %(count)s numbers", count)
    messages.success(request, words % {"count": number_format(count)} if count else _("It was so already"))
    return redirect(_back_url(request, desk))


def _show(request: DeskRequest, desk: Desk, selection: Selection, form: TagForm, *, status: int = 200) -> HttpResponse:
    phones = selections.chosen_phones(selection, first=NUMBERS_SHOWN)
    count = len(selection.phone_ids)
    context = {
        "desk": desk,
        "section": "phones",
        "form": form,
        "count": count,
        "numbers": [phone.shown for phone in phones],
        "more_count": count - min(count, NUMBERS_SHOWN),
        "here_url": request.get_full_path(),
        "back_url": _back_url(request, desk),
    }
    return render(request, "phones/list/phone_tag.html", context, status=status)


def _back_url(request: DeskRequest, desk: Desk) -> str:
    """Return the address of the list as it was narrowed when the phones were chosen."""
    back = suffix_of(criteria_from(QueryDict(request.GET.get("back", ""))))
    return reverse("phone_list", args=[desk.project.slug]) + back
