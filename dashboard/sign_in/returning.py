"""Where a sign-in leads after a session has ended: to the page that was open, with its search, number and ticks."""

from urllib.parse import urlencode, urlsplit
from uuid import UUID

from django.http import HttpRequest
from django.urls import Resolver404, resolve

from dashboard.errors import HtmxRequest, is_own_form

# The address of a page takes so many ids; a server accepts lines of 4 kB.
TICKS_KEPT = 60


def page_to_return_to(request: HtmxRequest) -> str:
    """Return the path, with its query, of the page from which the request was made.

    For a fragment and for a sent form it isn't the request's own: the first is no page, the second may be POST only.
    """
    if request.htmx:
        path = _path_here(request, request.htmx.current_url) or "/"
    elif request.method in {"GET", "HEAD"}:
        path = request.get_full_path()
    else:
        path = _path_here(request, request.headers.get("Referer")) or request.get_full_path()
    return _with_ticks(request, _shown(path))


def _path_here(request: HttpRequest, url: str | None) -> str:
    """Return the path and query of an address of this site, "" for any other."""
    inside = (url or "").removeprefix(f"{request.scheme}://{request.get_host()}")
    return inside if inside.startswith("/") and not inside.startswith("//") else ""


def _shown(path: str) -> str:
    """Return the address itself if it can be asked for, else the next one above it: an act stands below its page."""
    parts = urlsplit(path)
    above = parts.path
    is_page = not _is_post_only(above)
    while not is_page:
        above = above.rstrip("/").rpartition("/")[0] + "/"
        is_page = _is_page(above)
    return parts._replace(path=above).geturl()


def _is_page(path: str) -> bool:
    try:
        resolve(path)
    except Resolver404:
        return False
    return not _is_post_only(path)


def _is_post_only(path: str) -> bool:
    try:
        return getattr(resolve(path).func, "is_post_only", False)
    except Resolver404:
        return False


def _with_ticks(request: HttpRequest, path: str) -> str:
    """Add the numbers that were ticked in a form of our own page. With scripts the tab keeps them."""
    ids = request.POST.getlist("phone") if request.method == "POST" and is_own_form(request) else []
    ticks = [("phone", phone_id) for phone_id in ids if _is_id(phone_id)]
    if not ticks or len(ticks) > TICKS_KEPT:
        return path
    return f"{path}{'&' if '?' in path else '?'}{urlencode(ticks)}"


def _is_id(text: str) -> bool:
    try:
        UUID(text)
    except ValueError:
        return False
    return True
