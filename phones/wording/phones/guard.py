"""The guard's sentences: what saving does to live calls, before it is done."""

from dataclasses import dataclass

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from phones.services.routing.impact import Effect, Impact, Use
from phones.services.routing.lanes import Lane, Target

LINKED_USES = 5


@dataclass(frozen=True, slots=True)
class GuardWords:
    """One lane's effect in words. `uses` are the numbers to link, `more_count` how many are left out."""

    tone: str
    icon: str
    title: str
    text: str
    uses: tuple[Use, ...] = ()
    more_count: int = 0


# icons: circle-check zap ban phone-off
def words_for_impact(impact: Impact, *, is_read: bool = False) -> GuardWords:
    """Return what saving does in one lane, in a sentence and its consequence.

    `is_read` says whether a refusal rests on what was read from Diga for it, and not on our copy alone.
    """
    if impact.target is None:
        return _unassign(impact.lane)
    names = _names(impact.target)
    match impact.effect:
        case Effect.NO_PUBLISH:
            return GuardWords("ok", "circle-check", _("Nothing is published."), _joins(impact, names))
        case Effect.WILL_PUBLISH:
            title = _("Saving publishes %(version)s of “%(agent)s”. It goes live now.") % names
            return GuardWords("warn", "zap", title, _goes_live(impact, names), *_linked(impact))
        case Effect.WILL_BE_REFUSED:
            return GuardWords("bad", "ban", _refusal(impact, names, is_read), _way_out(impact, names), *_linked(impact))
        case _:
            title = _("%(version)s of “%(agent)s” is a draft.") % names
            return GuardWords(
                "bad", "ban", title, _("A draft takes no calls. Choose a saved version; nothing is sent.")
            )


def _names(target: Target) -> dict[str, object]:
    return {"version": target.version.label, "agent": target.agent.name}


def _linked(impact: Impact) -> tuple[tuple[Use, ...], int]:
    return impact.others[:LINKED_USES], max(0, impact.other_count - LINKED_USES)


def _unassign(lane: Lane) -> GuardWords:
    if lane is Lane.INBOUND:
        title = _("Incoming calls to this number will no longer be answered by an agent.")
        return GuardWords("warn", "phone-off", title, _("It applies from the next call on. Calls in progress go on."))
    title = _("No agent will make outgoing calls from this number any more.")
    return GuardWords("warn", "phone-off", title, _("It applies from the next call on. Calls in progress go on."))


def _joins(impact: Impact, names: dict[str, object]) -> str:
    count = impact.other_count
    if not count:
        text = _("%(version)s of “%(agent)s” is live already; this number runs it from the next call on.")
        return text % names
    text = ngettext(
        "%(version)s of “%(agent)s” is live already on %(count)d other number. This one joins from the next call on.",
        "%(version)s of “%(agent)s” is live already on %(count)d other numbers. This one joins from the next call on.",
        count,
    )
    return text % (names | {"count": count})


def _goes_live(impact: Impact, names: dict[str, object]) -> str:
    if impact.lane is Lane.INBOUND:
        parts = [_("The next call to this number is answered by “%(agent)s” %(version)s.") % names]
    else:
        parts = [_("The next call from this number is made by “%(agent)s” %(version)s.") % names]
    parts.append(_("Calls in progress stay as they are."))
    if impact.live:
        parts.append(_("It takes the place of %(live)s.") % {"live": impact.live.label})
    if impact.is_both_lanes:
        parts.append(_("The other direction of this number runs the same agent, so it moves too."))
    count = impact.other_count
    if count:
        text = ngettext(
            "%(count)d other number of this agent goes live with it:",
            "%(count)d other numbers of this agent go live with it:",
            count,
        )
        parts.append(text % {"count": count})
    else:
        parts.append(_("No other number uses this agent."))
    return " ".join(parts)


def _refusal(impact: Impact, names: dict[str, object], is_read: bool) -> str:
    values = names | {"live": impact.live.label if impact.live else "", "count": impact.other_count}
    if not impact.others:
        return _("Diga will refuse this: “%(agent)s” can’t run %(version)s and %(live)s at once.") % values
    head = _("Diga will refuse this:") if is_read else _("By our copy, Diga will refuse this:")
    if impact.is_at_least:
        text = ngettext(
            "%(live)s of “%(agent)s” is published and used by at least %(count)d other number.",
            "%(live)s of “%(agent)s” is published and used by at least %(count)d other numbers.",
            impact.other_count,
        )
    else:
        text = ngettext(
            "%(live)s of “%(agent)s” is published and used by %(count)d other number.",
            "%(live)s of “%(agent)s” is published and used by %(count)d other numbers.",
            impact.other_count,
        )
    return f"{head} {text % values}"


def _way_out(impact: Impact, names: dict[str, object]) -> str:
    live = impact.live.label if impact.live else ""
    if not impact.others:
        return _("An agent has one live version. Choose the same version for both directions; nothing is sent.")
    text = _(
        "Nothing is sent. An agent has one live version, so %(version)s can’t go live here while others hold %(live)s. "
        "Choose %(live)s, or move these numbers first:"
    )
    return text % (names | {"live": live})
