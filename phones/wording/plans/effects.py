"""Sentences about what a plan does to live calls, for the box above its rows."""

from dataclasses import dataclass

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from phones.models import Plan
from phones.services.plans.forecasts.effects import Effects, Move, Publishing, Taking
from phones.services.routing.lanes import Lane
from phones.wording.plans.publishing import words_for_publishing

# So many agents from whom numbers are taken are named; a single one beyond them is, too.
NAMED = 6


@dataclass(frozen=True, slots=True)
class EffectWords:
    """One effect in words. `agent_id` leads to the agent and its numbers, "" where there is none to look at."""

    tone: str
    icon: str
    title: str
    text: str
    agent_id: str = ""


# icons: circle-check zap phone-off
def words_for_effects(effects: Effects) -> list[EffectWords]:
    """Return what applying the plan does, the gravest first."""
    lines = [_publishing(publishing) for publishing in effects.publishes]
    lines += [_unassigned(direction, count) for direction, count in effects.unassigned.items()]
    moved = " ".join(_move(move) for move in effects.moves)
    if not effects.publishes:
        as_before = "" if effects.unassigned else _("No call is answered or made by another agent than before.")
        text = moved or as_before
        lines.append(EffectWords("ok", "circle-check", _("Nothing is published."), text))
    elif moved:
        lines.append(EffectWords("ok", "circle-check", _("What calls do then"), moved))
    return lines


def words_for_takings(effects: Effects) -> list[str]:
    """Return from whom numbers are taken, a sentence for each direction."""
    labels = {Lane.INBOUND: _("Incoming calls"), Lane.OUTBOUND: _("Outgoing calls")}
    found = {lane: _takings([taking for taking in effects.takings if taking.lane is lane]) for lane in labels}
    return [f"{labels[lane]}: {', '.join(parts)}." for lane, parts in found.items() if parts]


def _takings(takings: list[Taking]) -> list[str]:
    agents = [taking for taking in takings if taking.agent_id is not None]
    named = agents if len(agents) <= NAMED + 1 else agents[:NAMED]
    parts = [
        _("%(count)d from %(agent)s") % {"count": taking.count, "agent": taking.agent or _("an unknown agent")}
        for taking in named
    ]
    if rest := agents[len(named) :]:
        values = {"count": sum(taking.count for taking in rest), "others": len(rest)}
        parts.append(_("%(count)d from %(others)d other agents") % values)
    from_nobody = [_("%(count)d from nobody") % {"count": taking.count} for taking in takings if taking not in agents]
    return parts + from_nobody


def effect_of_publishing(plan: Plan, count: int) -> EffectWords:
    """Return what a plan that publishes a version does to so many numbers."""
    words = words_for_publishing(plan, count)
    return EffectWords(words.tone, "zap", words.title, words.text, str(plan.wish["version"]["value"].agent_id))


def _publishing(publishing: Publishing) -> EffectWords:
    names = {"version": publishing.version, "agent": publishing.agent}
    title = _("Applying publishes %(version)s of “%(agent)s”. It goes live at once.") % names
    parts = [_("It takes the place of %(live)s.") % {"live": publishing.live}] if publishing.live else []
    count = publishing.other_count
    if count:
        text = ngettext(
            "%(count)d other number of this agent goes live with it: %(numbers)s.",
            "%(count)d other numbers of this agent go live with it: %(numbers)s.",
            count,
        )
        numbers = ", ".join(publishing.numbers) + (" …" if count > len(publishing.numbers) else "")
        parts.append(text % {"count": count, "numbers": numbers})
    else:
        parts.append(_("No other number uses this agent."))
    return EffectWords("warn", "zap", title, " ".join(parts), publishing.agent_id)


def _unassigned(lane: Lane, count: int) -> EffectWords:
    if lane is Lane.INBOUND:
        title = ngettext(
            "Incoming calls to %(count)d number will no longer be answered by an agent.",
            "Incoming calls to %(count)d numbers will no longer be answered by an agent.",
            count,
        )
    else:
        title = ngettext(
            "No agent will make outgoing calls from %(count)d number any more.",
            "No agent will make outgoing calls from %(count)d numbers any more.",
            count,
        )
    text = _("It applies from the next call on. Calls in progress go on.")
    return EffectWords("warn", "phone-off", title % {"count": count}, text)


def _move(move: Move) -> str:
    values = {"version": move.version, "agent": move.agent, "count": move.count}
    if move.lane is Lane.INBOUND:
        text = ngettext(
            "The next call to %(count)d number is answered by “%(agent)s” %(version)s.",
            "The next call to each of %(count)d numbers is answered by “%(agent)s” %(version)s.",
            move.count,
        )
    else:
        text = ngettext(
            "The next call from %(count)d number is made by “%(agent)s” %(version)s.",
            "The next call from each of %(count)d numbers is made by “%(agent)s” %(version)s.",
            move.count,
        )
    if not move.live_count:
        return text % values
    live = ngettext(
        "That version is live already on %(count)d other number.",
        "That version is live already on %(count)d other numbers.",
        move.live_count,
    )
    return f"{text % values} {live % {'count': move.live_count}}"
