"""What a form sends, as one digest, by which two sends of it are told apart; and what is shown of a spent one."""

import hashlib
from typing import Any

from django.http import HttpRequest

from phones.services.editing.spent_forms import SpentForm
from phones.views.parts.permalinks import plan_page_url
from phones.wording import plan_actions

# What proves where a form comes from; the rest of it is what somebody typed, ticked and chose.
_TOKENS = {"csrfmiddlewaretoken", "form_token"}


def digest_of_form(request: HttpRequest) -> str:
    """Return a digest of all that was typed, ticked and chosen, files included, and of the address it was sent to."""
    values = sorted((name, texts) for name, texts in request.POST.lists() if name not in _TOKENS)
    digest = hashlib.sha256(repr((request.get_full_path(), values)).encode())
    for name, files in request.FILES.lists():
        for file in files:
            digest.update(repr((name, file.size)).encode())
            for chunk in file.chunks():
                digest.update(chunk)
    return digest.hexdigest()


def spent_context(spent: SpentForm | None, slug: str, *, has_file: bool = False) -> dict[str, Any]:
    """Return what `_plan_words.html` says of a form that has made a plan before, with the way to that plan."""
    if spent is None:
        return {"words": None, "earlier_url": ""}
    url = plan_page_url(spent.earlier, slug) if spent.earlier else ""
    return {"words": plan_actions.words_for_spent_form(spent.earlier, has_file=has_file), "earlier_url": url}
