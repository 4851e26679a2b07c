"""Which shape an answer takes: a page, or the fragment that htmx asked for."""

from phones.access import DeskRequest


def is_for(request: DeskRequest, element_id: str) -> bool:
    """Say whether htmx will put the answer into the element of this id.

    False for a reload, a new tab and the Back button, which all need the whole page.
    """
    return bool(request.htmx) and request.htmx.target == element_id


def is_htmx(request: DeskRequest) -> bool:
    """Say whether htmx sent the request and will place the answer itself."""
    return bool(request.htmx) and not request.htmx.history_restore_request
