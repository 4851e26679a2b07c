"""The site's own error pages, as a page or, for HTMX, as a message at the top of the page."""

import sys
from collections.abc import Sequence

from django.db import DatabaseError, InterfaceError, OperationalError, ProgrammingError
from django.http import HttpRequest, HttpResponse
from django.middleware.csrf import REASON_NO_CSRF_COOKIE
from django.shortcuts import render
from django.template.loader import render_to_string
from django.utils.translation import gettext as _
from django.views.decorators.csrf import requires_csrf_token
from django_htmx.http import trigger_client_event
from django_htmx.middleware import HtmxDetails

from dashboard.monitoring.readiness import missing_migrations


class HtmxRequest(HttpRequest):
    """A request after `HtmxMiddleware`, which comes first."""

    htmx: HtmxDetails


def _page(
    request: HtmxRequest, status: int, title: str, text: str, typed: Sequence[tuple[str, str]] = ()
) -> HttpResponse:
    context = {"title": title, "text": text, "code": status, "typed": typed}
    return _aimed(request, render(request, _template(request), context, status=status))


def _template(request: HtmxRequest) -> str:
    return "error.html#problem" if request.htmx else "error.html"


def _aimed(request: HtmxRequest, response: HttpResponse) -> HttpResponse:
    """Return the response retargeted to the place for errors, if htmx made the request."""
    if request.htmx:
        response["HX-Retarget"] = "#problems"
        response["HX-Reswap"] = "innerHTML"
    return response


@requires_csrf_token
def bad_request(request: HtmxRequest, exception: Exception | None = None) -> HttpResponse:
    """Answer 400 with a message."""
    return _page(
        request,
        400,
        _("That request can’t be read"),
        _("Nothing was changed. Go back, reload the page and try again."),
    )


@requires_csrf_token
def forbidden(request: HtmxRequest, exception: Exception | None = None) -> HttpResponse:
    """Answer 403 with a message."""
    return _page(
        request,
        403,
        _("Your role doesn’t allow this"),
        _("Nothing was changed. Ask an administrator of this project for another role."),
    )


@requires_csrf_token
def not_found(request: HtmxRequest, exception: Exception | None = None) -> HttpResponse:
    """Answer 404 with a message, the same for what does not exist and what may not be seen."""
    return _page(
        request,
        404,
        _("Nothing here for you"),
        _("It doesn’t exist, or it belongs to a project you are not a member of. Nothing was changed; go back."),
    )


@requires_csrf_token
def too_large(request: HtmxRequest) -> HttpResponse:
    """Answer 413 with a message, without reading the body."""
    text = _("Nothing was changed. Send less at a time, or split the file.")
    response = _page(request, 413, _("That is more than can be sent at once"), text)
    # The connection is closed, so the rest of the body isn't read.
    response["Connection"] = "close"
    return response


@requires_csrf_token
def server_error(request: HtmxRequest) -> HttpResponse:
    """Answer 500, or 503 if the database can't be reached. The log has the error under the request's id."""
    exception = sys.exception()
    if isinstance(exception, OperationalError | ProgrammingError) and _lacks_tables():
        return _being_set_up(request)
    if isinstance(exception, OperationalError | InterfaceError):
        return _database_down(request)
    return _page(
        request,
        500,
        _("Something went wrong on our side"),
        _(
            "Whether it was done is not known here. If you were saving, look at the history of the number before you "
            "save again: it says what was sent."
        ),
    )


def _database_down(request: HtmxRequest) -> HttpResponse:
    """Answer 503 without a query: session and user can't be read. Django reconnects by itself."""
    text = _(
        "Whether it was done is not known here. Wait a minute, then go back and try again: a form is sent to Diga "
        "once at most, and the history of the number says what was sent."
    )
    return _unavailable(request, _("Our database can’t be reached just now"), text)


def _lacks_tables() -> bool:
    try:
        return bool(missing_migrations())
    except DatabaseError:
        return False


def _being_set_up(request: HtmxRequest) -> HttpResponse:
    """Answer 503: the log has said at the start what is to be done."""
    text = _("Nothing was changed. The tables of its database are not up to date: who runs this server has to do that.")
    return _unavailable(request, _("Phone Desk is being set up"), text)


def _unavailable(request: HtmxRequest, title: str, text: str) -> HttpResponse:
    context = {"title": title, "text": text, "code": 503, "typed": ()}
    # Without the request, no context processor reads the session.
    body = render_to_string(_template(request), context | {"messages": (), "csrf_token": ""})
    response = _aimed(request, HttpResponse(body, status=503))
    response["Retry-After"] = "10"
    return response


def csrf_failure(request: HtmxRequest, reason: str = "") -> HttpResponse:
    """Answer a missing or outdated CSRF token, for example after a sign-in in another tab."""
    if reason == REASON_NO_CSRF_COOKIE and not request.COOKIES:
        return _cookies_off(request)
    title = _("This form is too old")
    if request.htmx:
        text = _("Nothing was sent to Diga. Reload the page: your text comes back into the form, then save again.")
        # The scripts keep the typed text when they see this header.
        return trigger_client_event(_page(request, 403, title, text), "form-expired")
    text = _("Nothing was sent to Diga. Go back, reload the page and send the form again.")
    return _page(request, 403, title, text, typed_text(request))


def _cookies_off(request: HtmxRequest) -> HttpResponse:
    title = _("Your browser sends us no cookies")
    text = _(
        "Without them nobody can sign in, and nothing can be saved. Allow cookies for this site, reload the page and "
        "send the form again. Nothing was changed."
    )
    return _page(request, 403, title, text, typed_text(request))


def signed_out(request: HttpRequest, typed: list[tuple[str, str]], login_url: str) -> HttpResponse:
    """Answer a form sent after the session ended: the typed text is shown, so that it can be copied."""
    context = {
        "title": _("You were signed out"),
        "problem": _("You were signed out, so this was not saved"),
        "text": _(
            "Nothing was sent to Diga, nothing was changed. Copy your text from below, sign in, and enter it again."
        ),
        "typed": typed,
        "url": login_url,
        "label": _("Sign in"),
    }
    return render(request, "lost_form.html", context, status=403)


def not_confirmed(request: HttpRequest, typed: list[tuple[str, str]], url: str) -> HttpResponse:
    """Answer a form that needed a fresh sign-in: the typed text is shown, so that it can be copied."""
    context = {
        "title": _("Confirm that it is you"),
        "problem": _("You signed in too long ago, so this was not saved"),
        "text": _("Nothing was changed. Copy your text from below, confirm that it is you, and enter it again."),
        "typed": typed,
        "url": url,
        "label": _("Confirm that it is you"),
    }
    return render(request, "lost_form.html", context, status=403)


def typed_text(request: HttpRequest) -> list[tuple[str, str]]:
    """Return the free text of a refused form with its labels; never a password or a key.

    Nothing of a form that another site sent, which could put any text on the page.
    """
    if request.method != "POST" or not is_own_form(request):
        return []
    labels = {
        "nickname": _("Alias"),
        "reason": _("Reason"),
        "ticket": _("Ticket"),
        "username": _("Username"),
        "full_name": _("Full name"),
        "name": _("Name"),
        "minutes": _("Minutes between syncs"),
        "typed_above": _("Type the count above"),
        "approved_above": _("A second person above"),
    }
    return [(label, request.POST[name]) for name, label in labels.items() if request.POST.get(name)]


def is_own_form(request: HttpRequest) -> bool:
    """Return whether the browser says that a page of ours has sent the form."""
    return request.headers.get("Origin") == f"{request.scheme}://{request.get_host()}"
