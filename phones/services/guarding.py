"""The guard before a change: what it will do to live calls, and whether the person has agreed to that."""

from collections.abc import Callable
from datetime import datetime, timedelta
from functools import partial

from phones import diga
from phones.models import Phone, Project

from .directory import directory_of
from .impact import Impact, Target, Use, fingerprint
from .intention import Intention, renewed
from .lane_impacts import lane_impacts
from .reading import reread_agents
from .timing import has_passed

Clock = Callable[[], datetime]
# A large agent answers on thousands of numbers; sentences name a few and count the rest.
NAMED_USES = 20
# Somebody may publish another version in Diga meanwhile; then this change would publish the old one again.
AGENTS_FRESH_FOR = timedelta(seconds=60)


class PredictedRefusal(Exception):
    """Diga would refuse: nothing was sent. `impacts` says because of which phones."""

    def __init__(self, impacts: tuple[Impact, ...]) -> None:
        super().__init__("Diga would refuse this change")
        self.impacts = impacts


class NoConsent(Exception):
    """Live calls would change in a way that the person has not ticked; `impacts` says how."""

    def __init__(self, impacts: tuple[Impact, ...]) -> None:
        super().__init__("The person has not agreed to what this change does")
        self.impacts = impacts


def impacts_of(phone: Phone, intention: Intention) -> tuple[Impact, ...]:
    """Say what the intention will do with live calls, lane by lane. One query for each agent wanted."""
    return lane_impacts(phone, intention, other_uses=partial(_other_uses, phone))


def _other_uses(phone: Phone, target: Target) -> tuple[list[Use], int]:
    """Return the first of the other phones that the target's agent answers or dials from, and their number."""
    users = Phone.objects.filter(project=phone.project_id).using_agents({target.agent.id}).exclude(pk=phone.pk)
    first = [Use(*row) for row in users.values_list("pk", "shown")[: NAMED_USES + 1]]
    return first[:NAMED_USES], len(first) if len(first) <= NAMED_USES else users.count()


def guard_change(
    *,
    project: Project,
    phone: Phone,
    intention: Intention,
    client: diga.DigaClient,
    agreed: str | None,
    clock: Clock,
) -> tuple[Impact, ...]:
    """Say what the intention will do, on a copy of the agents that is fresh enough to say it.

    `agreed` is the fingerprint of the impacts that the person has ticked, or None.

    :raises PredictedRefusal: Diga would refuse.
    :raises NoConsent: consent is needed, and `agreed` is None or for something else.
    :raises DigaError: the agents had to be read, and Diga gave no usable answer.
    """
    if not intention.moves_calls:
        return ()
    if has_passed(AGENTS_FRESH_FOR, project.agents_read_at, clock()):
        impacts = _impacts_anew(project, phone, intention, client, clock)
    else:
        impacts = impacts_of(phone, intention)
        if any(impact.is_refused for impact in impacts):
            # Ask before telling a person that something can't be done.
            impacts = _impacts_anew(project, phone, intention, client, clock)
    if any(impact.is_refused for impact in impacts):
        raise PredictedRefusal(impacts)
    if any(impact.needs_consent for impact in impacts) and agreed != fingerprint(impacts):
        raise NoConsent(impacts)
    return impacts


def _impacts_anew(
    project: Project, phone: Phone, intention: Intention, client: diga.DigaClient, clock: Clock
) -> tuple[Impact, ...]:
    reread_agents(project=project, client=client, clock=clock)
    return impacts_of(phone, renewed(intention, directory_of(project)))
