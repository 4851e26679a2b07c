"""What keeps an upgrade from being sent, in words and as a status."""

from collections.abc import Callable
from dataclasses import dataclass

from phones import diga
from phones.models import NoKey
from phones.services.agents.publish import (
    CopyTooOld,
    NotProposed,
    NotRecorded,
    NotYourUpgrade,
    OutcomeNotRecorded,
    ReadOnlyProject,
    UpgradeUnderWay,
)
from phones.views.parts.save_result import status_of
from phones.wording import changes, saves, upgrades
from phones.wording.changes import Words


@dataclass(frozen=True, slots=True)
class UpgradeAnswer:
    """A status and its words."""

    status: int
    words: Words


_ANSWERS: dict[type[Exception], tuple[int, Callable[[], Words]]] = {
    ReadOnlyProject: (422, saves.words_for_no_key),
    NoKey: (422, saves.words_for_no_key),
    CopyTooOld: (409, upgrades.words_for_old_copy),
    UpgradeUnderWay: (409, upgrades.words_for_under_way),
    NotProposed: (409, upgrades.words_for_not_proposed),
    NotYourUpgrade: (409, upgrades.words_for_no_second_person),
    NotRecorded: (503, upgrades.words_for_unrecorded_upgrade),
    OutcomeNotRecorded: (503, saves.words_for_unrecorded_outcome),
}
HINDRANCES: tuple[type[Exception], ...] = (*_ANSWERS, diga.DigaError)


def answer_for(hindrance: Exception) -> UpgradeAnswer:
    """Return what to say about a hindrance, one of `HINDRANCES`."""
    if isinstance(hindrance, diga.DigaError):
        return UpgradeAnswer(status_of(hindrance), changes.words_for_save_not_sent(hindrance))
    status, words = _ANSWERS[type(hindrance)]
    return UpgradeAnswer(status, words())
