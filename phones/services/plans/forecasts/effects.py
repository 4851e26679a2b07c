"""What a plan, as it is ticked, does to live calls: computed over all of its rows, before anything is sent."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from django.db.models import Count, IntegerField, Min, Q, QuerySet
from django.db.models.fields.json import KT
from django.db.models.functions import Cast

from phones.models import ItemState, LaneSnapshot, Plan, PlanItem
from phones.services.routing.lanes import Lane


@dataclass(frozen=True, slots=True)
class Publishing:
    """A version that goes live. `numbers` are the first of `other_count` other numbers that go live with it."""

    version_id: str
    agent_id: str
    agent: str
    version: str
    live: str
    other_count: int
    numbers: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Move:
    """So many rows get a version in a direction. `live_count` other numbers have it live already, if any do."""

    lane: Lane
    agent_id: str
    agent: str
    version: str
    count: int
    live_count: int | None


@dataclass(frozen=True, slots=True)
class Taking:
    """So many rows get another agent in a direction than the one they have, or than nobody (`agent_id` None)."""

    lane: Lane
    agent_id: str | None
    agent: str
    count: int


@dataclass(frozen=True, slots=True)
class Effects:
    """All that a plan will do to live calls; `unassigned` are the rows that lose their agent, by direction.

    `takings` are from whom numbers are taken, most first in each direction.
    """

    publishes: list[Publishing] = field(default_factory=list)
    moves: list[Move] = field(default_factory=list)
    unassigned: Mapping[Lane, int] = field(default_factory=dict)
    takings: list[Taking] = field(default_factory=list)


def effects_of(plan: Plan) -> Effects:
    """Return what the rows that will be sent do. Four queries."""
    rows = plan.items.filter(state=ItemState.WAITING)
    publishes = publishings_of(plan)
    # What goes live by the plan itself is not live yet, although all but its first row join it.
    by_itself = {(publishing.agent, publishing.version) for publishing in publishes}
    live = {key: count for key, count in _live_counts(rows).items() if key not in by_itself}
    moves: list[Move] = []
    unassigned: dict[Lane, int] = {}
    takings: list[Taking] = []
    for lane in Lane:
        _add_lane(rows, lane, live, moves, unassigned, takings)
    return Effects(publishes, moves, unassigned, takings)


def publishings_of(plan: Plan) -> list[Publishing]:
    """Return each version that goes live once, as the first row that publishes it says. One query."""
    found: dict[str, Publishing] = {}
    rows = plan.items.filter(goes_first=True, state=ItemState.WAITING)
    for after, details in rows.order_by("number").values_list("after", "details"):
        for name in Lane:
            lane = after.get(name)
            if lane and lane.version_label == details["version"]:
                found.setdefault(str(lane.version_id), _publishing(lane, details))
    return list(found.values())


def _publishing(lane: LaneSnapshot, details: Mapping[str, Any]) -> Publishing:
    return Publishing(
        str(lane.version_id),
        str(lane.agent_id),
        lane.agent_name or "",
        details["version"],
        details.get("live", ""),
        details["count"],
        tuple(details["numbers"]),
    )


def _live_counts(rows: QuerySet[PlanItem]) -> dict[tuple[str, str], int]:
    """Return on how many other numbers a version was live before the first row that joins it, by agent and version."""
    joins = rows.filter(why="joins").order_by().values_list(KT("details__agent"), KT("details__version"))
    return {(agent, version): count for agent, version, count in joins.annotate(least=Min(_count()))}


def _count() -> Cast:
    return Cast(KT("details__count"), IntegerField())


def _add_lane(
    rows: QuerySet[PlanItem],
    lane: Lane,
    live: Mapping[tuple[str, str], int],
    moves: list[Move],
    unassigned: dict[Lane, int],
    takings: list[Taking],
) -> None:
    """Add what the rows do in one direction, and from whom they take it. One query."""
    before, after = f"before__{lane}", f"after__{lane}"
    is_empty_both = Q(**{before: None, after: None})
    keys = [KT(f"{after}__{name}") for name in ("agent_id", "agent_name", "version_number")]
    keys += [KT(f"{before}__{name}") for name in ("agent_id", "agent_name")]
    found = rows.filter(after__has_key=lane.value).exclude(is_empty_both).order_by().values_list(*keys)
    moved: Counter[tuple[str, str, str]] = Counter()
    taken: Counter[tuple[str | None, str]] = Counter()
    for agent_id, agent, number, held_id, held, count in found.annotate(row_count=Count("pk")):
        if agent_id is None:
            unassigned[lane] = unassigned.get(lane, 0) + count
        else:
            moved[agent_id, agent or "", f"v{number}"] += count
        if agent_id != held_id:
            taken[held_id, held or ""] += count
    found_moves = [
        Move(lane, agent_id, agent, version, count, live.get((agent, version)))
        for (agent_id, agent, version), count in moved.items()
    ]
    moves += sorted(found_moves, key=lambda move: (-move.count, move.agent, move.agent_id, move.version))
    found_takings = [Taking(lane, held_id, held, count) for (held_id, held), count in taken.items()]
    takings += sorted(found_takings, key=lambda taking: (-taking.count, taking.agent, taking.agent_id or ""))
