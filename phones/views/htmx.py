"""Which shape an answer takes: a page, or the fragment that htmx asked for."""

from django.http import HttpRequest


def is_for(request: HttpRequest, element_id: str) -> bool:
    """Say whether htmx will put the answer into the element of this id.

    False for a reload, a new tab and the Back button, which all need the whole page.
    """
    return request.headers.get("HX-Request") == "true" and request.headers.get("HX-Target") == element_id


def is_htmx(request: HttpRequest) -> bool:
    """Say whether htmx sent the request and will place the answer itself."""
    return request.headers.get("HX-Request") == "true" and "HX-History-Restore-Request" not in request.headers
