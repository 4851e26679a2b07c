"""The pages of single sign-on: on to the provider, back from it, and the link of one's own account."""

from typing import Any

import requests
from allauth.core.exceptions import ImmediateHttpResponse
from allauth.socialaccount.adapter import get_adapter
from allauth.socialaccount.models import SocialAccount
from allauth.socialaccount.providers.oauth2.client import OAuth2Error
from allauth.socialaccount.providers.oauth2.views import OAuth2CallbackView
from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.contrib.auth.models import User
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from dashboard.sign_in.authentication import demand_fresh, has_second_factor
from dashboard.sign_in.sso.config import PROVIDER_ID, configured
from dashboard.sign_in.sso.provider import Endpoints, Provider
from phones.models import ActKind
from phones.services.audit.acts import record_act


class SignedInRequest(HttpRequest):
    """A request of a signed-in person."""

    user: User


@login_not_required
@require_http_methods(["GET", "POST"])
def login(request: HttpRequest, provider_id: str) -> HttpResponse:
    """Ask whether to go on to the provider; go on.

    The way leads over a page that refreshes itself: our Content-Security-Policy lets no form end at another site.
    """
    name = configured().name
    if request.method == "GET":
        context = {"provider": name, "next": request.GET.get("next", "")}
        return render(request, "account/sso_go_on.html", context)
    if request.POST.get("process") == "connect":
        demand_fresh(request)
    provider: Provider = get_adapter().get_provider(request, provider_id)
    try:
        there = provider.redirect_from_request(request)
    except (OAuth2Error, requests.RequestException, ValueError, KeyError) as error:
        return _failed(request, provider, error)
    return render(request, "account/sso_on.html", {"provider": name, "url": there["Location"]})


def _failed(request: HttpRequest, provider: Provider, error: Exception) -> HttpResponse:
    try:
        get_adapter().on_authentication_error(request, provider, exception=error)
    except ImmediateHttpResponse as answer:
        return answer.response
    raise AssertionError("on_authentication_error has an answer to everything")


class Callback(OAuth2CallbackView):
    """The way back, on which the token is compared with what was asked for."""

    def _get_state(self, request: HttpRequest, provider: Provider) -> Any:
        state, response = super()._get_state(request, provider)
        vars(self.adapter)["state"] = state
        return state, response


@login_not_required
@require_GET
def callback(request: HttpRequest, provider_id: str) -> HttpResponse:
    """Sign the person in, or link their account."""
    configured()
    response: HttpResponse = Callback.adapter_view(Endpoints(request, provider_id))(request)
    return response


@require_http_methods(["GET", "POST"])
def link(request: SignedInRequest) -> HttpResponse:
    """Show whether the account is linked with one at the provider; end the link."""
    name = configured().name
    demand_fresh(request)
    linked = SocialAccount.objects.filter(user_id=request.user.pk, provider=PROVIDER_ID).first()
    is_only_way = not (request.user.has_usable_password() or has_second_factor(request.user))
    if request.method == "POST" and linked and not is_only_way:
        linked.delete()
        record_act(kind=ActKind.SSO_UNLINKED, actor=request.user, at=timezone.now())
        messages.success(request, _("The link is removed."))
        return redirect("sso_link")
    context = {"provider": name, "linked": linked, "is_only_way": is_only_way}
    return render(request, "account/sso_link.html", context)
