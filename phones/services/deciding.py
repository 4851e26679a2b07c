"""What to do with a row of a running plan, now that its phone has been read: send what is left, or why not."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from phones import diga
from phones.models import ItemState, Phone, PlanItem

from .directory import Directory, directory_of
from .foreseeing import targets_of
from .guarding import impacts_of
from .impact import Effect
from .intention import FIELDS, Base, Intention, frozen, reads_as
from .planning import intention_from
from .policy import policy_for


@dataclass(frozen=True, slots=True)
class Decision:
    """Either what is left to send, or the state in which the row ends with the code of the reason."""

    intention: Intention = field(default_factory=Intention)
    state: ItemState | None = None
    cause: str = ""
    details: Mapping[str, Any] = field(default_factory=dict)


def decide(item: PlanItem, phone: Phone, agreed: set[str]) -> Decision:
    """Compare a row with its phone as it was read a moment ago. `agreed` are the versions the plan may publish.

    No query, unless a version is not the one its agent has published.
    """
    directory = directory_of(phone.project)
    intention = intention_from(item.after, directory)
    if intention is None:
        return Decision(state=ItemState.REFUSED, cause="gone")
    left = _left(intention, Base.of(phone), directory)
    if left.is_empty:
        return Decision(state=ItemState.SAME)
    policy = policy_for(phone)
    if (left.moves_calls and not policy.can_route) or not policy.can_label:
        return Decision(state=ItemState.CHANGED, cause="closed", details={"status": phone.status})
    says = Base.of(phone)
    if any(says.value(name) != reads_as(name, item.before.get(name)) for name in left.fields):
        now = frozen(directory, says, tuple(name for name in FIELDS if name in item.after))
        return Decision(state=ItemState.CHANGED, cause="changed", details={"now": now})
    return _guarded(phone, left, agreed)


def _left(intention: Intention, says: Base, directory: Directory) -> Intention:
    """Return what is still to be done: a lane is done when its agent has it, in the version that is published."""
    left = intention.remaining(says)
    for name in ("inbound", "outbound"):
        lane = getattr(left, name)
        if name in left.fields and lane is not None and says.value(name) == lane.agent.id and lane.version.is_published:
            left = replace(left, **{name: diga.UNSET})
    return left


def _guarded(phone: Phone, left: Intention, agreed: set[str]) -> Decision:
    targets = targets_of(left)
    if all(target.version.is_published for target in targets):
        return Decision(left)
    for impact in impacts_of(phone, left):
        if impact.is_refused:
            return Decision(state=ItemState.REFUSED, cause="predicted")
        publishes = impact.effect is Effect.WILL_PUBLISH and impact.target
        if publishes and str(publishes.version.id) not in agreed:
            return Decision(state=ItemState.REFUSED, cause="not_agreed")
    return Decision(left)
