"""The notice of a break of the hash chain, for administrators."""

from django.utils import timezone

from phones.access import Desk
from phones.services.audit.chain import breaks as chain_breaks
from phones.services.audit.chain.runs import acknowledge_break


def break_shown(desk: Desk) -> chain_breaks.Break | None:
    """Return the break that an administrator has to acknowledge, None without one, and for everybody else.

    Superusers also see that of the site's chain.
    """
    if not desk.may_administer:
        return None
    found = chain_breaks.find_break(desk.project)
    return chain_breaks.find_break(None) if found is None and desk.user.is_superuser else found


def acknowledge(desk: Desk, noted: str) -> None:
    """Record that an administrator has seen a break, a superuser that of the site's chain, too.

    :raises BreakHasMoved: there is none, or another one.
    """
    is_of_site = desk.user.is_superuser and chain_breaks.find_break(desk.project) is None
    project = None if is_of_site else desk.project
    acknowledge_break(project=project, noted=noted, by=desk.user, clock=timezone.now)
