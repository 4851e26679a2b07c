"""Middleware of the site: sign-in for HTMX requests, and no copies of private pages."""

from collections.abc import Callable

from django.contrib.auth.middleware import LoginRequiredMiddleware
from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.utils.cache import add_never_cache_headers, patch_vary_headers
from django_htmx.http import HttpResponseClientRedirect, trigger_client_event

from dashboard.errors import HtmxRequest, signed_out, typed_text


class HtmxLoginRequired(LoginRequiredMiddleware):
    """Ask for sign-in by default; an HTMX request gets `HX-Redirect`, never a login page inside a cell."""

    def handle_no_permission(  # type: ignore[override]
        self, request: HtmxRequest, view_func: Callable[..., HttpResponseBase]
    ) -> HttpResponseBase:
        """Redirect to the sign-in page, and back to the page that was open rather than to a fragment.

        Typed text is not lost: scripts keep it in the tab (`form-expired`), and without them it is shown to be copied.
        """
        if not request.htmx:
            answer = super().handle_no_permission(request, view_func)
            text = typed_text(request)
            return signed_out(request, text, answer["Location"]) if text else answer
        inside = (request.htmx.current_url or "").removeprefix(f"{request.scheme}://{request.get_host()}")
        target = inside if inside.startswith("/") and not inside.startswith("//") else "/"
        answer = redirect_to_login(target, self.get_login_url(view_func))
        return trigger_client_event(HttpResponseClientRedirect(answer["Location"]), "form-expired")


class PrivateResponses:
    """Keep pages out of caches: everything here is for one signed-in person."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        if not response.has_header("Cache-Control"):
            add_never_cache_headers(response)
        patch_vary_headers(response, ["HX-Request", "HX-Target"])
        response.headers.setdefault("Permissions-Policy", "camera=(), geolocation=(), microphone=()")
        return response
