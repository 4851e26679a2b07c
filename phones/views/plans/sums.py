"""The totals of a plan as figures that add up, and as a meter with its words."""

from collections.abc import Mapping
from dataclasses import dataclass

from django.utils.formats import number_format
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from phones.models import Foreseen, ItemState
from phones.services.plans.progress import Progress
from phones.services.plans.totals import Totals
from phones.wording.plans.totals import ORDER, counted


@dataclass(frozen=True, slots=True)
class Sum:
    """A figure: how many rows there are of something. The last one, `is_total`, is what the others add up to."""

    label: str
    count: int
    swatch: str = ""
    is_total: bool = False


@dataclass(frozen=True, slots=True)
class Segment:
    """A part of a meter, as SVG has it: templates would write numbers in the reader's language."""

    css: str
    x: str
    width: str


@dataclass(frozen=True, slots=True)
class Meter:
    """How much of a plan has come to what; `label` says it in words."""

    length: str
    segments: list[Segment]
    label: str


_FORESEEN: dict[Foreseen, tuple[str | Promise, str]] = {
    Foreseen.WILL_CHANGE: (gettext_lazy("will change"), "fill-2"),
    Foreseen.ALREADY_SO: (gettext_lazy("already so"), "fill-3"),
    Foreseen.CANNOT: (gettext_lazy("can’t be changed"), "is-hold"),
    Foreseen.NEEDS_LOOK: (gettext_lazy("need a look"), "is-warn"),
}
_STATES: dict[ItemState, tuple[str | Promise, str]] = {
    ItemState.DONE: (gettext_lazy("done"), "is-ok"),
    ItemState.SAME: (gettext_lazy("already so"), "fill-3"),
    ItemState.CHANGED: (gettext_lazy("skipped, changed meanwhile"), "is-hold"),
    ItemState.REFUSED: (gettext_lazy("refused"), "is-warn"),
    ItemState.FAILED: (gettext_lazy("failed"), "is-bad"),
    ItemState.MISMATCH: (gettext_lazy("stored otherwise"), "is-bad"),
    ItemState.UNKNOWN: (gettext_lazy("not known"), "is-warn"),
    ItemState.NOT_TRIED: (gettext_lazy("not attempted"), "fill-3"),
    ItemState.SENDING: (gettext_lazy("being sent"), "is-info"),
    ItemState.CLAIMED: (gettext_lazy("being read"), "is-info"),
    ItemState.WAITING: (gettext_lazy("waiting"), ""),
    ItemState.LEFT_OUT: (gettext_lazy("left out"), ""),
}
# These stand there even with a 0: whoever reads the result asks for them.
_ALWAYS = {
    ItemState.DONE,
    ItemState.SAME,
    ItemState.CHANGED,
    ItemState.REFUSED,
    ItemState.FAILED,
    ItemState.UNKNOWN,
    ItemState.NOT_TRIED,
}


def foreseen_sums(counts: Mapping[Foreseen, int]) -> list[Sum]:
    """Return the figures of a preview."""
    sums = [Sum(str(label), counts[foreseen], swatch) for foreseen, (label, swatch) in _FORESEEN.items()]
    return [*sums, _total(sum(counts.values()))]


def state_sums(totals: Totals) -> list[Sum]:
    """Return the figures of a plan that was started."""
    sums = [
        Sum(str(_STATES[state][0]), totals[state], _STATES[state][1])
        for state in ORDER
        if totals[state] or state in _ALWAYS
    ]
    return [*sums, _total(totals.total)]


def _total(count: int) -> Sum:
    return Sum(_("in the plan"), count, is_total=True)


def state_label(state: ItemState) -> str:
    """Return the word for a state, as it stands under a figure."""
    return str(_STATES[state][0])


def meter_of(totals: Totals) -> Meter:
    """Return the meter of all rows that a plan had or has something to do with; it is full when none is left."""
    segments: list[Segment] = []
    x = 0
    for state in ORDER:
        swatch = _STATES[state][1]
        if totals[state] and swatch and state != ItemState.SAME:
            segments.append(Segment(swatch, str(x), str(totals[state])))
            x += totals[state]
    length = totals.planned - totals[ItemState.SAME]
    return Meter(str(max(1, length)), segments, counted(totals, with_left_out=False) or _("nothing"))


def rate_words(progress: Progress) -> str:
    """Return how quickly it goes and how long the rest takes, "" while that can't be told."""
    if progress.rate is None:
        return ""
    if not progress.rate:
        return _("Nothing has ended in the last seconds.")
    rate = _("%(rate)s numbers per second") % {"rate": number_format(progress.rate, 1)}
    return f"{rate} · {_left(progress.seconds_left or 0)}"


def _left(seconds: int) -> str:
    if seconds < 90:
        return ngettext("about %(count)d s left", "about %(count)d s left", seconds) % {"count": seconds}
    minutes = round(seconds / 60)
    return ngettext("about %(count)d min left", "about %(count)d min left", minutes) % {"count": minutes}
