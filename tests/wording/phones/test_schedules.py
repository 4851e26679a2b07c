"""Why something was not done at its time: each code has its words, and says what to do."""

import pytest
from django.utils import translation

from phones import diga
from phones.services.editing.result import SaveKind
from phones.services.schedules.run import _ENDINGS
from phones.services.schedules.sending import _STANDINGS
from phones.wording.phones.schedules import parts_for_ending, words_for_ending

CODES = {
    *(cause for _state, cause in _ENDINGS.values()),
    *(cause for _state, cause in _STANDINGS.values()),
    *(SaveKind.BUSY, SaveKind.BEING_SAVED, SaveKind.ALREADY_SENT, SaveKind.READ_ONLY, SaveKind.NOT_CHECKED),
    *("no_right", "over", "unknown", "unknown_change", "mismatch", "not_applied", "not_recorded", "no_key", "auth"),
    *("plan_rest", "plan_left", "plan_paused", "plan_running", "preview_moved", "second_person"),
    *(reason.value for reason in diga.Reason),
}


@pytest.mark.parametrize("code", sorted(CODES - {"same"}))
def test_every_ending_has_its_words(code: str) -> None:
    for language in ("en", "es"):
        with translation.override(language):
            what, then = parts_for_ending(code)
            assert what
            assert then


def test_no_ending_has_no_words() -> None:
    assert words_for_ending("") == ""
    assert words_for_ending("same") == "It was so already; nothing was sent."
