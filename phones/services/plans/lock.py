"""The lock under which a plan is changed: on its row, for an act that is possible in some states only."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import transaction

from phones.models import Plan, PlanState


class PlanHasMoved(Exception):
    """The plan is not in a state in which this can be done: somebody was quicker. `plan` says how it is now."""

    def __init__(self, plan: Plan) -> None:
        super().__init__("The plan is no longer in the state that was shown")
        self.plan = plan


@contextmanager
def held_plan(plan: Plan, *states: PlanState) -> Iterator[Plan]:
    """Lock the plan's row, and give it as it is now.

    Not its key: a worker that writes down a change of the plan, and holds rows of it, must not wait for us.

    :raises PlanHasMoved: it is in none of these states.
    """
    with transaction.atomic():
        held = Plan.objects.select_for_update(of=("self",), no_key=True).select_related("project").get(pk=plan.pk)
        if held.state not in states:
            raise PlanHasMoved(held)
        yield held
