"""The configuration of single sign-on, read from the environment."""

import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.http import Http404
from environs import Env

from dashboard.environment import ROLES, url

# In the addresses of allauth, and with each link of an account.
PROVIDER_ID = "sso"


@dataclass(frozen=True, slots=True)
class SingleSignOn:
    """The provider, and what its groups mean here: `roles` is group → project slug → role."""

    issuer: str
    client_id: str
    secret: str = field(repr=False)
    name: str
    groups_claim: str
    roles: Mapping[str, Mapping[str, str]]
    creates_accounts: bool

    @property
    def projects(self) -> frozenset[str]:
        """The slugs of the projects whose members are governed by groups."""
        return frozenset(slug for given in self.roles.values() for slug in given)

    def roles_of(self, groups: Collection[str]) -> dict[str, str | None]:
        """Return the highest role that the groups give in each project of `projects`; None where they give none."""
        given = [self.roles[group] for group in groups if group in self.roles]
        return {
            slug: max((roles[slug] for roles in given if slug in roles), key=ROLES.index, default=None)
            for slug in self.projects
        }


def read(env: Env, *, secret: str) -> SingleSignOn | None:
    """Return the configuration, None without `OIDC_ISSUER`.

    :param secret: of this site at the provider; it may come from a file.
    :raises ImproperlyConfigured: with the name of what is wrong or missing.
    """
    if not env.str("OIDC_ISSUER", ""):
        return None
    client_id: str = env.str("OIDC_CLIENT_ID", "")
    for name, value in {"OIDC_CLIENT_ID": client_id, "OIDC_CLIENT_SECRET": secret}.items():
        if not value:
            raise ImproperlyConfigured(f"{name} must be set where OIDC_ISSUER is.")
    return SingleSignOn(
        # With its last slash, if it has one: it is compared with what tokens say.
        issuer=env.str("OIDC_ISSUER", "") if url(env, "OIDC_ISSUER", "") else "",
        client_id=client_id,
        secret=secret,
        name=env.str("OIDC_NAME", "") or "SSO",
        groups_claim=env.str("OIDC_GROUPS_CLAIM", "") or "groups",
        roles=_roles(env.str("OIDC_ROLES", "")),
        creates_accounts=env.bool("OIDC_CREATE_ACCOUNTS", False),
    )


def configured() -> SingleSignOn:
    """Return the configuration.

    :raises Http404: there is none, and so none of its pages.
    """
    found: SingleSignOn | None = settings.SSO
    if found is None:
        raise Http404
    return found


def providers(sso: SingleSignOn | None) -> dict[str, dict[str, object]]:
    """Return allauth's setting."""
    apps = []
    if sso:
        app = {"name": sso.name, "provider_id": PROVIDER_ID, "client_id": sso.client_id, "secret": sso.secret}
        apps = [app | {"settings": {"server_url": sso.issuer.rstrip("/")}}]
    return {"openid_connect": {"provider_class": "dashboard.sign_in.sso.provider.Provider", "APPS": apps}}


def _roles(text: str) -> dict[str, dict[str, str]]:
    problem = ImproperlyConfigured('OIDC_ROLES must be JSON such as {"desk-leads": {"aurora": "LEAD"}}.')
    try:
        found = json.loads(text or "{}")
    except ValueError:
        raise problem from None
    if not isinstance(found, dict) or not all(isinstance(given, dict) for given in found.values()):
        raise problem
    if not all(role in ROLES for given in found.values() for role in given.values()):
        raise problem
    return found
