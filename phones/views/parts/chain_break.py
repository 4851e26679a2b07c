"""The notice of a break of the hash chain, for administrators."""

from phones.access import Desk
from phones.services.audit import chain_breaks


def break_shown(desk: Desk) -> chain_breaks.Break | None:
    """Return the break that an administrator has to acknowledge, None without one, and for everybody else."""
    return chain_breaks.find_break(desk.project) if desk.may_administer else None
