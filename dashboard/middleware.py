"""Middleware of the site: sign-in for HTMX requests, size limits before parsing, and cache headers of private pages."""

from collections.abc import Callable

from allauth.account.adapter import get_adapter
from django.conf import settings
from django.contrib import messages
from django.contrib.auth.middleware import LoginRequiredMiddleware
from django.contrib.auth.models import AnonymousUser, User
from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.urls import reverse
from django.utils.cache import add_never_cache_headers, patch_vary_headers
from django.utils.translation import gettext as _
from django_htmx.http import HttpResponseClientRedirect, trigger_client_event

from dashboard.errors import HtmxRequest, not_confirmed, signed_out, too_large, typed_text
from dashboard.sign_in.authentication import SecondFactorMissing, StaleSignIn
from dashboard.sign_in.returning import page_to_return_to
from phones.access import may_upload
from phones.services.tables.limits import FILE_LIMIT

STRANGERS_BYTES = 2 * 1024 * 1024
# One file, and the fields of its form.
UPLOAD_BYTES = FILE_LIMIT + 1024 * 1024


class HtmxLoginRequired(LoginRequiredMiddleware):
    """Require sign-in by default; an HTMX request gets `HX-Redirect`, never a login page inside a fragment."""

    def handle_no_permission(  # type: ignore[override]
        self, request: HtmxRequest, view_func: Callable[..., HttpResponseBase]
    ) -> HttpResponseBase:
        """Redirect to the sign-in page, and afterwards to the page that was open (`returning`).

        Typed text is kept: by scripts in the tab (`form-expired`), and without scripts on a page from which it can be
        copied.
        """
        answer = redirect_to_login(page_to_return_to(request), self.get_login_url(view_func))
        if request.htmx:
            return trigger_client_event(HttpResponseClientRedirect(answer["Location"]), "form-expired")
        text = typed_text(request)
        return signed_out(request, text, answer["Location"]) if text else answer


class SignInDemands:
    """Lead a person to what a page demands (`sign_in.authentication`), and from there back to the page of the form.

    A form is never sent on by itself: it may hold a key, which allauth would keep in the session until then. It comes
    after allauth's middleware, so that it sees exceptions first.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_exception(self, request: HtmxRequest, exception: Exception) -> HttpResponse | None:
        """Answer `StaleSignIn` and `SecondFactorMissing`."""
        if isinstance(exception, SecondFactorMissing):
            messages.warning(request, _("Your role needs two-factor sign-in. Set it up; everything else waits for it."))
            return _sent(request, reverse("mfa_index"))
        if isinstance(exception, StaleSignIn):
            if request.method == "POST":
                messages.warning(request, _("Nothing was changed. Confirm that it is you, then send the form again."))
            ways = get_adapter().get_reauthentication_methods(request.user)
            return _sent(request, ways[0]["url"] if ways else reverse("account_logout"))
        return None


def _sent(request: HtmxRequest, url: str) -> HttpResponse:
    is_lost = request.method == "POST"
    answer = redirect_to_login(page_to_return_to(request), url)
    if request.htmx:
        return trigger_client_event(HttpResponseClientRedirect(answer["Location"]), "form-expired")
    if is_lost and (text := typed_text(request)):
        return not_confirmed(request, text, answer["Location"])
    return answer


class PrivateResponses:
    """Forbid caching of pages: each is for one signed-in person."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        if not response.has_header("Cache-Control"):
            add_never_cache_headers(response)
        patch_vary_headers(response, ["HX-Request", "HX-Target"])
        return response


class NoSensors:
    """Deny browser features that no page uses (`Permissions-Policy`), in static files too."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        response.headers["Permissions-Policy"] = "camera=(), geolocation=(), microphone=()"
        return response


class BodyLimit:
    """Refuse a body above the sender's size limit before it is parsed: the CSRF check would store its files.

    Anonymous senders have the smallest limit, and only people who may upload may send a file. It comes after the sign-
    in. A body without a length is empty: the server does not pass it on.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HtmxRequest) -> HttpResponse:
        length = request.META.get("CONTENT_LENGTH") or "0"
        if not length.isdecimal() or (int(length) > STRANGERS_BYTES and int(length) > _limit_bytes(request.user)):
            return too_large(request)
        return self.get_response(request)


def _limit_bytes(user: User | AnonymousUser) -> int:
    if not isinstance(user, User):
        return STRANGERS_BYTES
    return UPLOAD_BYTES if may_upload(user) else settings.DATA_UPLOAD_MAX_MEMORY_SIZE
