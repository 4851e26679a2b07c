"""A digest of a form's content, by which two requests of one form are compared; and the notice of a used form."""

import hashlib
from typing import Any

from django.http import HttpRequest

from phones.services.editing.spent_forms import SpentForm
from phones.views.parts.permalinks import plan_page_url
from phones.wording.plans import actions as plan_actions

# CSRF and form tokens; all other fields were typed, ticked or chosen.
_TOKENS = {"csrfmiddlewaretoken", "form_token"}


def digest_of_form(request: HttpRequest) -> str:
    """Return a digest of all that was typed, ticked and chosen, files included, and of the address of the form."""
    values = sorted((name, texts) for name, texts in request.POST.lists() if name not in _TOKENS)
    digest = hashlib.sha256(repr((request.get_full_path(), values)).encode())
    for name, files in request.FILES.lists():
        for file in files:
            digest.update(repr((name, file.size)).encode())
            for chunk in file.chunks():
                digest.update(chunk)
    return digest.hexdigest()


def spent_context(spent: SpentForm | None, slug: str, *, has_file: bool = False) -> dict[str, Any]:
    """Return the context of `_plan_words.html` for a form that has made a plan before, with the link to that plan."""
    if spent is None:
        return {"words": None, "earlier_url": ""}
    url = plan_page_url(spent.earlier, slug) if spent.earlier else ""
    return {"words": plan_actions.words_for_spent_form(spent.earlier, has_file=has_file), "earlier_url": url}
