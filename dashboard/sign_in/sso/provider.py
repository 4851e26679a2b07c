"""The provider as allauth meets it: with PKCE, a nonce, checked addresses and checked tokens."""

from hashlib import sha256
from secrets import token_urlsafe
from typing import Any
from urllib.parse import urlsplit

from allauth.socialaccount.adapter import get_adapter
from allauth.socialaccount.models import SocialApp, SocialLogin
from allauth.socialaccount.providers.base.constants import AuthProcess
from allauth.socialaccount.providers.oauth2.client import OAuth2Error
from allauth.socialaccount.providers.openid_connect.provider import OpenIDConnectProvider
from allauth.socialaccount.providers.openid_connect.views import OpenIDConnectOAuth2Adapter
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.urls import reverse

from dashboard.sign_in.sso.config import configured
from dashboard.sign_in.sso.tokens import Claims, InvalidToken, claims_of

LOOPBACK = {"127.0.0.1", "localhost", "::1"}
ENDPOINTS = ("authorization_endpoint", "token_endpoint", "jwks_uri")


class Refused(OAuth2Error):
    """What the provider says isn't believed. Its text is our own, unlike that of other errors, and may be logged."""


class Endpoints(OpenIDConnectOAuth2Adapter):
    """The provider's addresses and tokens. allauth checks neither nonce nor, over TLS, the signature."""

    state: dict[str, Any]

    @property
    def openid_config(self) -> dict[str, Any]:
        """Return what the provider says of itself.

        :raises Refused: it is another issuer, or has an address that is neither https nor on this machine.
        """
        config: dict[str, Any] = super().openid_config
        if config.get("issuer") != configured().issuer:
            raise Refused("The provider calls itself by another name than OIDC_ISSUER.")
        if not all(_is_safe(config.get(name)) for name in ENDPOINTS):
            raise Refused("The provider has an address that is not https.")
        return config

    def get_callback_url(self, request: HttpRequest, app: SocialApp) -> str:
        """Return the address to return to, on SITE_URL whatever host was asked for."""
        return settings.SITE_URL + reverse("openid_connect_callback", kwargs={"provider_id": self.provider_id})

    def complete_login(self, request: HttpRequest, app: SocialApp, token: Any, **kwargs: Any) -> SocialLogin:
        """Return the sign-in of the person whom the ID token names.

        :raises Refused: the token isn't valid.
        """
        with get_adapter().get_requests_session() as session:
            answer = session.get(self.openid_config["jwks_uri"])
            answer.raise_for_status()
            keys = answer.json()
        try:
            claims = claims_of(
                str(kwargs["response"].get("id_token")),
                keys,
                issuer=configured().issuer,
                client_id=app.client_id,
                nonce=self.state["data"]["nonce"],
            )
        except InvalidToken as error:
            raise Refused(f"Invalid ID token: {error}") from None
        login: SocialLogin = self.get_provider().sociallogin_from_response(request, {"id_token": claims})
        return login


def _is_safe(url: object) -> bool:
    parts = urlsplit(url if isinstance(url, str) else "")
    return parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in LOOPBACK)


class Provider(OpenIDConnectProvider):
    """Sign-in at the one provider of `configured()`."""

    oauth2_adapter_class = Endpoints
    pkce_enabled_default = True

    def redirect(
        self, request: HttpRequest, process: str, next_url: str | None = None, data: Any = None, **kwargs: Any
    ) -> HttpResponse:
        """Redirect to the provider. Whoever is signed in has to prove anew who they are: they link, or confirm.

        What allauth takes from the address (`scope`, `auth_params`) is left out.
        """
        nonce = token_urlsafe(24)
        params = {"nonce": nonce} | ({"max_age": "0"} if request.user.is_authenticated else {})
        is_linking = process == AuthProcess.CONNECT and request.user.is_authenticated
        response: HttpResponse = super().redirect(
            request,
            AuthProcess.CONNECT if is_linking else AuthProcess.LOGIN,
            next_url,
            {"nonce": nonce},
            scope=self.get_scope(),
            auth_params=params,
        )
        return response

    def sociallogin_from_response(self, request: HttpRequest, response: dict[str, Claims]) -> SocialLogin:
        """Return the sign-in, with the claims that roles and proofs are made of."""
        login: SocialLogin = super().sociallogin_from_response(request, response)
        vars(login)["claims"] = response["id_token"]
        return login

    def extract_uid(self, data: dict[str, Claims]) -> str:
        """Return an id of the person: `sub` is unique at its issuer only, and longer than allauth's column."""
        claims = data["id_token"]
        return sha256(f"{claims['iss']}\n{claims['sub']}".encode()).hexdigest()

    def extract_extra_data(self, data: dict[str, Claims]) -> dict[str, str]:
        """Return what is stored: a name to show, and nothing else of the token."""
        claims = data["id_token"]
        return {"name": str(claims.get("preferred_username") or claims.get("name") or claims["sub"])[:150]}

    def extract_common_fields(self, data: dict[str, Claims]) -> dict[str, Any]:
        """Return the fields of a new account; no address for mail, by which nobody is found here."""
        fields: dict[str, Any] = super().extract_common_fields(data)
        return {name: fields[name] for name in ("username", "name", "first_name", "last_name")}

    def extract_email_addresses(self, data: dict[str, Claims]) -> list[Any]:
        """Return none."""
        return []


def claims_in(sociallogin: SocialLogin) -> Claims:
    """Return the claims of the token that a sign-in came from."""
    claims: Claims = vars(sociallogin)["claims"]
    return claims
