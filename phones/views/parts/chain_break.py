"""Whether the history is whole, for those who have to know."""

from phones.access import Desk
from phones.services.audit import chain_breaks


def break_shown(desk: Desk) -> chain_breaks.Break | None:
    """Return what an administrator has to know of the history: that it is not whole."""
    return chain_breaks.find_break(desk.project) if desk.may_administer else None
