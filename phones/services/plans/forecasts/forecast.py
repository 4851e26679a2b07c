"""What a plan will do, row by row, computed over the whole of it before anything is sent. Pure: no database.

Rows are gone through in the order in which they will run, and the effects of each count for the next ones: the version
it publishes, the agents it takes a number from or gives one. So two rows that contradict each other are seen, and a row
that can only follow another is put behind it.
"""

import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from phones.models import Foreseen, Phone
from phones.services.routing.catalogue import Catalogue, VersionEntry
from phones.services.routing.editability import policy_for
from phones.services.routing.edits import PhoneEdit
from phones.services.routing.impact import Effect, Impact, Use
from phones.services.routing.lane_impacts import lane_impacts
from phones.services.routing.lanes import Target

# Phones that somebody should look at before their rows run: the code of the reason, and values for its sentence.
LookReasons = Mapping[uuid.UUID, tuple[str, Mapping[str, Any]]]
Edits = Sequence[tuple[Phone, PhoneEdit]]
NAMED = 3


@dataclass(frozen=True, slots=True)
class RowForecast:
    """What is foreseen of a row. `why` is a code with `details` for its sentence; `publishes` goes before others.

    `held_by` is the agent whose other phones stand in the way, where they do.
    """

    foreseen: Foreseen
    why: str = ""
    details: Mapping[str, Any] = field(default_factory=dict)
    publishes: bool = False
    held_by: uuid.UUID | None = None


@dataclass(slots=True)
class Forecast:
    """Diga's agents as the plan will leave them, so far. `users` are the phones of each agent.

    `proven` are those that were read from Diga, of agents of which not all were.
    """

    catalogue: Catalogue
    users: dict[uuid.UUID, dict[uuid.UUID, str]]
    proven: Mapping[uuid.UUID, Mapping[uuid.UUID, str]] = field(default_factory=dict)
    published: dict[uuid.UUID, VersionEntry] = field(default_factory=dict)

    def live(self, target: Target) -> VersionEntry | None:
        """Return the version of the target's agent that will be published when a row's turn comes."""
        return self.published.get(target.agent.id, target.agent.published)

    def impacts(self, phone: Phone, edit: PhoneEdit) -> tuple[Impact, ...]:
        """Return what the row will do in each lane that it changes."""

        def other_uses(target: Target) -> tuple[tuple[Use, ...], int]:
            users = self.users.get(target.agent.id, {})
            return _named(users, phone.pk), len(users) - (phone.pk in users)

        return lane_impacts(phone, edit, other_uses=other_uses, live=self.live)

    def apply(self, phone: Phone, edit: PhoneEdit) -> None:
        """Count the effects of a row in: whom its phone is moved to, and what it publishes."""
        after = {name: getattr(phone, f"{name}_agent_id") for name in ("inbound", "outbound")}
        after |= {name: edit.wanted(name) for name in edit.fields if name != "nickname"}
        for agent_id in {phone.inbound_agent_id, phone.outbound_agent_id} - set(after.values()):
            if agent_id in self.users:
                self.users[agent_id].pop(phone.pk, None)
        for agent_id in after.values():
            if isinstance(agent_id, uuid.UUID):
                self.users.setdefault(agent_id, {})[phone.pk] = phone.shown
        for target in targets_of(edit):
            if self.live(target) != target.version:
                self.published[target.agent.id] = target.version


def targets_of(edit: PhoneEdit) -> list[Target]:
    """Return the versions that an edit gives a phone."""
    return [lane for lane in (edit.inbound, edit.outbound) if isinstance(lane, Target)]


def _named(users: Mapping[uuid.UUID, str], phone_id: uuid.UUID) -> tuple[Use, ...]:
    """Return the first few phones but this one."""
    first: list[Use] = []
    for other_id, shown in users.items():
        if other_id != phone_id:
            first.append(Use(other_id, shown))
        if len(first) == NAMED:
            break
    return tuple(first)


def foresee_rows(rows: Edits, *, forecast: Forecast, look_reasons: LookReasons) -> dict[uuid.UUID, RowForecast]:
    """Return what is foreseen of each row, by the id of its phone; publishing rows are taken to run first.

    A row that needs a look is left out unless it is ticked, so the others are foreseen without it.
    """
    foreseen: dict[uuid.UUID, RowForecast] = {}
    _add_settled(rows, forecast, foreseen)
    _add_to_be_looked_at(_left(rows, foreseen), forecast, look_reasons, foreseen)
    holders = _add_publishing(_left(rows, foreseen), forecast, foreseen)
    _add_rest(_left(rows, foreseen), forecast, holders, foreseen)
    return foreseen


def _left(rows: Edits, foreseen: Mapping[uuid.UUID, RowForecast]) -> Edits:
    return [(phone, edit) for phone, edit in rows if phone.pk not in foreseen]


def _add_settled(rows: Edits, forecast: Forecast, foreseen: dict[uuid.UUID, RowForecast]) -> None:
    """Foresee the rows of which something can be said without looking at other phones."""
    for phone, edit in rows:
        if row_forecast := _by_itself(phone, edit, forecast.catalogue):
            foreseen[phone.pk] = row_forecast


def _add_to_be_looked_at(
    rows: Edits, forecast: Forecast, look_reasons: LookReasons, foreseen: dict[uuid.UUID, RowForecast]
) -> None:
    """Foresee the rows that somebody has to look at first; not those that would be refused anyway."""
    for phone, edit in rows:
        if phone.pk not in look_reasons:
            continue
        impacts = forecast.impacts(phone, edit)
        if not _is_refused(impacts):
            foreseen[phone.pk] = _to_be_looked_at(impacts, *look_reasons[phone.pk])


def _add_publishing(
    rows: Edits, forecast: Forecast, foreseen: dict[uuid.UUID, RowForecast]
) -> dict[uuid.UUID, uuid.UUID | None]:
    """Foresee the rows that publish a version, and apply them; return which agent is in the way of each other row."""
    holders: dict[uuid.UUID, uuid.UUID | None] = {}
    for phone, edit in rows:
        impacts = forecast.impacts(phone, edit)
        if _is_refused(impacts) or not _publishes(impacts):
            holders[phone.pk] = _holder(impacts)
        else:
            foreseen[phone.pk] = _by_impacts(phone, impacts, forecast)
            forecast.apply(phone, edit)
    return holders


def _add_rest(
    rows: Edits,
    forecast: Forecast,
    holders: Mapping[uuid.UUID, uuid.UUID | None],
    foreseen: dict[uuid.UUID, RowForecast],
) -> None:
    """Foresee the rows that run side by side after those that publish."""
    for phone, edit in rows:
        impacts = forecast.impacts(phone, edit)
        if _publishes(impacts):
            # Only what other rows will have done makes this possible, and they run side by side.
            foreseen[phone.pk] = RowForecast(Foreseen.CANNOT, "after_others", held_by=holders[phone.pk])
            continue
        foreseen[phone.pk] = _by_impacts(phone, impacts, forecast)
        if not _is_refused(impacts):
            forecast.apply(phone, edit)


def _is_refused(impacts: Iterable[Impact]) -> bool:
    return any(impact.is_refused for impact in impacts)


def _publishes(impacts: Iterable[Impact]) -> bool:
    return any(impact.effect is Effect.WILL_PUBLISH for impact in impacts)


def _by_itself(phone: Phone, edit: PhoneEdit, catalogue: Catalogue) -> RowForecast | None:
    """Return what can be said without looking at other phones, None where that isn't enough."""
    if phone.missing_since is None and is_met(phone, edit, catalogue):
        return RowForecast(Foreseen.ALREADY_SO, "already_so")
    policy = policy_for(phone)
    if (edit.moves_calls and not policy.can_route) or not policy.can_label:
        return RowForecast(Foreseen.CANNOT, str(policy.why))
    for target in targets_of(edit):
        if target.version.is_draft:
            return RowForecast(Foreseen.CANNOT, "draft", _details(target))
        if not target.agent.is_listed or catalogue.version(target.version.id) is None:
            return RowForecast(Foreseen.CANNOT, "gone", _details(target))
    return None


def is_met(phone: Phone, edit: PhoneEdit, catalogue: Catalogue) -> bool:
    """Say whether a phone, as our copy has it, is as wanted: a lane by agent and published version."""
    for name in edit.fields:
        wanted = getattr(edit, name)
        if name == "nickname":
            if (phone.nickname or "") != wanted:
                return False
            continue
        agent_id = getattr(phone, f"{name}_agent_id")
        if not isinstance(wanted, Target):
            if agent_id is not None:
                return False
            continue
        agent = catalogue.agent(agent_id)
        live = agent.published if agent else None
        if agent_id != wanted.agent.id or live is None or live.id != wanted.version.id:
            return False
    return True


def _to_be_looked_at(impacts: Iterable[Impact], why: str, details: Mapping[str, Any]) -> RowForecast:
    publishing = next((impact for impact in impacts if impact.effect is Effect.WILL_PUBLISH and impact.target), None)
    # Once it is ticked it publishes like any other row, so it says what.
    what = _details(publishing.target, publishing) if publishing and publishing.target else {}
    return RowForecast(Foreseen.NEEDS_LOOK, why, {**what, **details}, publishing is not None)


def _holder(impacts: Iterable[Impact]) -> uuid.UUID | None:
    return next((impact.target.agent.id for impact in impacts if impact.is_held_elsewhere and impact.target), None)


def unchecked(row_forecast: RowForecast) -> RowForecast:
    """Return a refusal that our copy foresees and Diga could not be asked about: somebody has to look at it."""
    return RowForecast(Foreseen.NEEDS_LOOK, "not_checked", {**row_forecast.details, "copy_says": row_forecast.why})


def _by_impacts(phone: Phone, impacts: Sequence[Impact], forecast: Forecast) -> RowForecast:
    for impact in impacts:
        if impact.is_refused and impact.target:
            why = _refusal(impact, forecast)
            held_by = impact.target.agent.id if why == "refused" else None
            refused = RowForecast(Foreseen.CANNOT, why, _details(impact.target, impact), held_by=held_by)
            return _proven(phone, refused, forecast)
    why, details = "changes", {}
    for impact in impacts:
        if impact.effect is Effect.WILL_PUBLISH and impact.target:
            why, details = "publishes", _details(impact.target, impact)
        elif impact.effect is Effect.NO_PUBLISH and why == "changes" and impact.target:
            is_ours = impact.target.agent.id in forecast.published
            why, details = "joins", _details(impact.target, impact) | ({"by_plan": True} if is_ours else {})
        elif impact.effect is Effect.UNASSIGN and why == "changes":
            why = "unassigns"
    return RowForecast(Foreseen.WILL_CHANGE, why, details, publishes=why == "publishes")


def _proven(phone: Phone, refused: RowForecast, forecast: Forecast) -> RowForecast:
    """Return a refusal by the phones that were read, where not all of the agent's were."""
    if refused.held_by is None or refused.held_by not in forecast.proven:
        return refused
    users = forecast.proven[refused.held_by]
    others = _named(users, phone.pk)
    if not others:
        return unchecked(refused)
    numbers, count = [use.shown for use in others], len(users) - (phone.pk in users)
    return replace(refused, details={**refused.details, "numbers": numbers, "count": count, "at_least": True})


def _refusal(impact: Impact, forecast: Forecast) -> str:
    """Return why: the plan contradicts itself if it gives the agent two versions, in one row or in several."""
    is_ours = impact.target is not None and impact.target.agent.id in forecast.published
    return "contradicts" if is_ours or not impact.other_count else "refused"


def _details(target: Target, impact: Impact | None = None) -> dict[str, Any]:
    details: dict[str, Any] = {"agent": target.agent.name, "version": target.version.label}
    if impact is not None:
        details |= {"count": impact.other_count, "numbers": [use.shown for use in impact.others]}
        if impact.live:
            details["live"] = impact.live.label
    return details
