"""What keeps a plan that publishes a version from being made, in words and as a status."""

from collections.abc import Callable

from phones import diga
from phones.models import NoKey
from phones.services.plans.publishing.create import CopyTooOld
from phones.services.plans.publishing.preview import NotOffered
from phones.views.parts.saving.result import status_of
from phones.wording.history import changes
from phones.wording.history.changes import Words
from phones.wording.phones import saves
from phones.wording.plans import publishing

_REFUSALS: dict[type[Exception], tuple[int, Callable[[], Words]]] = {
    NoKey: (422, saves.words_for_no_key),
    CopyTooOld: (409, publishing.words_for_old_copy),
}
PUBLISH_REFUSALS: tuple[type[Exception], ...] = (*_REFUSALS, NotOffered, diga.DigaError)


def refusal_of(error: Exception) -> tuple[int, Words]:
    """Return the status and the words for one of `PUBLISH_REFUSALS`."""
    if isinstance(error, diga.DigaError):
        return status_of(error), changes.words_for_save_not_sent(error)
    if isinstance(error, NotOffered):
        return 409, publishing.words_for_not_offered(error.why)
    status, words = _REFUSALS[type(error)]
    return status, words()
