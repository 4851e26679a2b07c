"""Words for every way to end: what was tried, whether it happened, what to do next, and Diga's own words."""

import re
import uuid
from collections.abc import Callable

import pytest
from django.utils import timezone

from phones import diga
from phones.diga import Reason
from phones.models import Change, LaneSnapshot, Outcome
from phones.services.routing.editability import Policy, Why
from phones.services.sync.passes import cause_of, cause_of_read
from phones.wording.causes import parts_for_cause, words_for_cause
from phones.wording.history.changes import (
    Happened,
    Words,
    why_closed,
    words_for_change,
    words_for_key,
    words_for_read,
    words_for_read_without_key,
    words_for_save_not_sent,
)
from phones.wording.phones import saves

Explain = Callable[[diga.DigaError], Words]
QUOTE = "<b>Diga's own words</b>"
CAUSES = [
    *[reason.value for reason in Reason],
    *["auth", "forbidden", "not_found", "rate_limited", "rejected", "read_refused", "no_key", "key_changed"],
    *["foreign_project", "other_project", "interrupted"],
]
ERRORS: list[diga.DigaError] = [
    diga.DigaAuthError(QUOTE, status=401),
    diga.DigaForbidden(QUOTE, status=403),
    diga.DigaNotFound(QUOTE, status=404),
    diga.DigaRateLimited(QUOTE, status=429),
    diga.DigaRejected(QUOTE, status=422),
    *[diga.DigaUnavailable(QUOTE, reason=reason) for reason in Reason],
]
ids = [cause_of(error) for error in ERRORS]


def change_of(outcome: Outcome, error: diga.DigaError | None = None, **after: object) -> Change:
    """Return the diary row of a save that ended so."""
    if error is None:
        return Change(outcome=outcome, http_status=200, after=after)
    return Change(outcome=outcome, cause=cause_of(error), message=error.message, http_status=error.status, after=after)


@pytest.mark.parametrize("cause", CAUSES)
def test_every_cause_says_what_happened_and_what_to_do(cause: str) -> None:
    said = words_for_cause(cause)

    sentences = [part for part in said.replace("; ", ". ").split(". ") if part]
    assert len(sentences) >= 2
    assert said.endswith(".")
    assert "%(" not in said


def test_every_cause_has_words_of_its_own() -> None:
    assert len({words_for_cause(cause) for cause in CAUSES}) == len(CAUSES)


@pytest.mark.parametrize("why", list(Why))
def test_every_closed_field_says_why(why: Why) -> None:
    said = why_closed(why)

    assert said.endswith(".")
    assert len({why_closed(other) for other in Why}) == len(Why)


@pytest.mark.parametrize("error", ERRORS, ids=ids)
def test_failed_read_is_explained_with_digas_words(error: diga.DigaError) -> None:
    words = words_for_read(error)

    assert (words.tone, words.title, words.quote) == ("bad", "Not read from Diga", QUOTE)
    assert words.text == f"You see our copy; nothing was changed. {words_for_cause(cause_of_read(error))}"


@pytest.mark.parametrize("error", ERRORS, ids=ids)
def test_save_that_was_not_sent_says_that_nothing_changed(error: diga.DigaError) -> None:
    words = words_for_save_not_sent(error)

    assert (words.tone, words.title, words.quote) == ("bad", "Not saved", QUOTE)
    assert words.text == f"Nothing was sent, nothing was changed. {words_for_cause(cause_of_read(error))}"


@pytest.mark.parametrize("error", ERRORS, ids=ids)
def test_key_that_was_not_taken_is_explained(error: diga.DigaError) -> None:
    words = words_for_key(error)

    is_keys_fault = isinstance(error, diga.DigaAuthError | diga.DigaForbidden)
    assert words.title == ("This key can’t be used" if is_keys_fault else "The key could not be checked")
    assert (words.tone, words.quote) == ("bad", QUOTE)
    assert words.text != ""


def test_refused_key_without_an_error_is_explained() -> None:
    words = words_for_key(None)

    assert (words.title, words.quote) == ("This key can’t be used", "")
    assert words.text == (
        "Nothing was changed. Diga does not accept this key. It may be cut off, or deleted in Diga. Copy it anew."
    )


@pytest.mark.parametrize("explain", [words_for_read, words_for_save_not_sent, words_for_key])
def test_time_to_wait_is_named(explain: object) -> None:
    assert callable(explain)

    waiting = explain(diga.DigaRateLimited(retry_after=12.4))
    not_told = explain(diga.DigaRateLimited())

    assert waiting.text.endswith("Diga names 12 seconds.")
    assert "seconds" not in not_told.text


# What became of a save.


def test_confirmed_save_is_short() -> None:
    assert words_for_change(change_of(Outcome.CONFIRMED)) == Words("ok", "Saved", happened=Happened.YES)


@pytest.mark.parametrize("error", ERRORS[5:], ids=ids[5:])
def test_save_confirmed_by_reading_back_says_so(error: diga.DigaError) -> None:
    words = words_for_change(change_of(Outcome.CONFIRMED, error))

    assert (words.tone, words.title) == ("ok", "Saved")
    assert words.text == "The answer was lost, but we read the number again: Diga has the change."


def test_mismatch_is_a_problem() -> None:
    words = words_for_change(change_of(Outcome.MISMATCH))

    assert (words.is_problem, words.title) == (True, "Diga stored something else")
    assert words.text == (
        "It was not saved as asked. Diga accepted the request, but its answer is not what was asked for. "
        "Look at what Diga has now, then save again if it is not right."
    )


def test_refusal_of_a_part_does_not_say_that_diga_accepted_it() -> None:
    words = words_for_change(change_of(Outcome.MISMATCH, ERRORS[4]))

    assert (words.is_problem, words.title, words.quote) == (True, "Diga stored something else", QUOTE)
    assert words.text.startswith(f"It was not saved as asked. {parts_for_cause('rejected')[0]} Look at ")
    assert "accepted the request" not in words.text


@pytest.mark.parametrize("error", [*ERRORS[:3], ERRORS[4]], ids=[*ids[:3], ids[4]])
def test_refusal_says_that_nothing_changed_in_digas_words(error: diga.DigaError) -> None:
    words = words_for_change(change_of(Outcome.REFUSED, error, nickname="A"))

    assert (words.tone, words.title, words.quote) == ("bad", "Diga refused, nothing was changed", QUOTE)
    assert words.text == f"It was sent and not saved. {words_for_cause(cause_of(error))}"


@pytest.mark.parametrize("lane", ["inbound", "outbound"])
def test_404_to_a_new_agent_is_not_said_to_be_about_the_number(lane: str) -> None:
    words = words_for_change(
        change_of(Outcome.REFUSED, ERRORS[2], **{lane: LaneSnapshot(uuid.UUID(int=1), "Alicia", None, None)})
    )

    assert (words.text, words.quote) == (f"It was sent and not saved. {words_for_cause('rejected')}", QUOTE)


@pytest.mark.parametrize("error", [ERRORS[3], *ERRORS[5:]], ids=[ids[3], *ids[5:]])
def test_failed_save_says_that_nothing_changed(error: diga.DigaError) -> None:
    words = words_for_change(change_of(Outcome.FAILED, error), error)

    assert (words.tone, words.title, words.quote) == ("bad", "Not saved, nothing was changed", QUOTE)
    late = "More than a minute after sending we read the number again: Diga had not applied it."
    told = late if error.sent else "It did not reach Diga."
    assert words.text == f"{told} {words_for_cause(cause_of(error))}"


def test_failed_save_names_the_time_to_wait() -> None:
    error = diga.DigaRateLimited(QUOTE, status=429, retry_after=3)

    words = words_for_change(change_of(Outcome.FAILED, error), error)

    assert words.text.endswith("Diga names 3 seconds.")


@pytest.mark.parametrize("error", ERRORS[5:], ids=ids[5:])
def test_unknown_outcome_says_what_to_do(error: diga.DigaError) -> None:
    change = change_of(Outcome.UNKNOWN, error)
    change.next_look_at = timezone.now()

    words = words_for_change(change)

    assert (words.tone, words.title, words.quote) == ("bad", "We don’t know whether Diga applied it", QUOTE)
    assert words.text == (
        "It was sent, the answer was lost, and reading the number again did not tell. "
        f"{parts_for_cause(cause_of(error))[0]} "
        "Check the number again before you save once more. We look again by ourselves."
    )


@pytest.mark.parametrize("is_stored", [True, False])
def test_unknown_outcome_that_nobody_looks_at_any_more_promises_no_look(*, is_stored: bool) -> None:
    change = change_of(Outcome.UNKNOWN, ERRORS[-1])
    change.next_look_at = None
    if is_stored:
        change.http_status, change.cause = 200, ""

    words = words_for_change(change)

    assert "by ourselves" not in words.text
    assert words.text.endswith(
        "We looked for a day, and don’t look any more. Check the number again: what it says then is what is true."
    )


def test_pending_save_is_no_problem_yet() -> None:
    words = words_for_change(change_of(Outcome.PENDING))

    assert (words.tone, words.title, words.is_problem) == ("warn", "Being sent", False)
    assert words.text == "It was sent; whether Diga has applied it is not known yet. This page goes on by itself."


@pytest.mark.parametrize("outcome", list(Outcome))
def test_every_outcome_has_a_title_of_its_own(outcome: Outcome) -> None:
    titles = {words_for_change(change_of(each, ERRORS[4])).title for each in Outcome}

    assert len(titles) == len(Outcome)
    assert words_for_change(change_of(outcome, ERRORS[4])).title in titles


# Every text: what was tried, whether it happened, what to do next.

HAPPENED = {
    Outcome.CONFIRMED: Happened.YES,
    Outcome.OBSERVED: Happened.YES,
    Outcome.MISMATCH: Happened.OTHERWISE,
    Outcome.REFUSED: Happened.NO,
    Outcome.FAILED: Happened.NO,
    Outcome.UNKNOWN: Happened.UNKNOWN,
    Outcome.PENDING: Happened.UNKNOWN,
}
# How a text may say it, in its title or in its sentences.
SAID = {
    Happened.NO: r"[Nn]othing was (changed|sent)|not sent|not saved",
    Happened.OTHERWISE: r"not saved as asked",
    Happened.UNKNOWN: r"not known|did not tell|don’t know|has not answered|was not read yet|may still apply",
}
UNSENT: list[Words] = [
    saves.words_for_review(),
    saves.words_for_nothing_to_save(is_chosen=False),
    saves.words_for_nothing_to_save(is_chosen=True),
    saves.words_for_no_key(),
    *[saves.words_for_closed(Policy(False, False, why)) for why in Why],
    saves.words_for_predicted_refusal(),
    saves.words_for_conflict(),
    saves.words_for_being_sent(),
    saves.words_for_spent_form(change_of(Outcome.CONFIRMED)),
    words_for_read_without_key(),
    words_for_key(None),
]


def assert_has_three_parts(words: Words) -> None:
    """Fail unless the words say what was tried, whether it happened, and what to do next."""
    assert words.title != ""
    assert words.happened is not None
    assert re.search(SAID[words.happened], f"{words.title} {words.text}"), words
    assert words.then != ""
    assert words.text.endswith(words.then)
    assert words.then.endswith(".")
    assert "  " not in words.text


@pytest.mark.parametrize("outcome", [each for each in Outcome if HAPPENED[each] is not Happened.YES])
@pytest.mark.parametrize("error", [None, *ERRORS], ids=["answered", *ids])
def test_every_cause_and_outcome_has_three_parts(outcome: Outcome, error: diga.DigaError | None) -> None:
    words = words_for_change(change_of(outcome, error), error)

    assert words.happened is HAPPENED[outcome]
    assert_has_three_parts(words)


@pytest.mark.parametrize("outcome", [each for each in Outcome if HAPPENED[each] is Happened.YES])
def test_what_happened_says_so(outcome: Outcome) -> None:
    assert words_for_change(change_of(outcome)).happened is Happened.YES


@pytest.mark.parametrize("explain", [words_for_read, words_for_save_not_sent, words_for_key])
@pytest.mark.parametrize("error", ERRORS, ids=ids)
def test_every_failure_before_a_write_has_three_parts(error: diga.DigaError, explain: Explain) -> None:
    words = explain(error)

    assert words.happened is Happened.NO
    assert_has_three_parts(words)


@pytest.mark.parametrize("words", UNSENT, ids=lambda words: words.title)
def test_every_save_that_was_not_sent_has_three_parts(words: Words) -> None:
    assert_has_three_parts(words)
