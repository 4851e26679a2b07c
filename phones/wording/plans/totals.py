"""The totals of a plan in words: "36 done, 2 skipped, 1 refused". They add up to the number of rows."""

from django.utils.translation import ngettext

from phones.models import ItemState
from phones.services.plans.totals import Totals


def counted(totals: Totals, *, with_left_out: bool = True) -> str:
    """Return the totals that aren't 0, separated by commas."""
    states = [state for state in ORDER if totals[state] and (with_left_out or state != ItemState.LEFT_OUT)]
    return ", ".join(count_words(state, totals[state]) for state in states)


# As they are read: what went well first, what was never meant to be sent last.
ORDER = (
    ItemState.DONE,
    ItemState.SAME,
    ItemState.CHANGED,
    ItemState.REFUSED,
    ItemState.FAILED,
    ItemState.MISMATCH,
    ItemState.UNKNOWN,
    ItemState.NOT_TRIED,
    ItemState.SENDING,
    ItemState.CLAIMED,
    ItemState.WAITING,
    ItemState.LEFT_OUT,
)


def count_words(state: ItemState, count: int) -> str:
    """Return a count with its word."""
    text = {
        ItemState.DONE: ngettext("%(count)d done", "%(count)d done", count),
        ItemState.SAME: ngettext("%(count)d already so", "%(count)d already so", count),
        ItemState.CHANGED: ngettext("%(count)d skipped", "%(count)d skipped", count),
        ItemState.REFUSED: ngettext("%(count)d refused", "%(count)d refused", count),
        ItemState.FAILED: ngettext("%(count)d failed", "%(count)d failed", count),
        ItemState.MISMATCH: ngettext("%(count)d stored otherwise", "%(count)d stored otherwise", count),
        ItemState.UNKNOWN: ngettext("%(count)d not known", "%(count)d not known", count),
        ItemState.NOT_TRIED: ngettext("%(count)d not attempted", "%(count)d not attempted", count),
        ItemState.SENDING: ngettext("%(count)d being sent", "%(count)d being sent", count),
        ItemState.CLAIMED: ngettext("%(count)d being read", "%(count)d being read", count),
        ItemState.WAITING: ngettext("%(count)d waiting", "%(count)d waiting", count),
        ItemState.LEFT_OUT: ngettext("%(count)d left out", "%(count)d left out", count),
    }[state]
    return text % {"count": count}
