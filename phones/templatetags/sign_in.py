"""What the pages of sign-in ask: which ways there are, and the options of a passkey for the browser."""

from typing import Any

from django import template
from django.conf import settings
from django.core.serializers.json import DjangoJSONEncoder

from dashboard.sign_in import passkeys

register = template.Library()


@register.simple_tag
def passkeys_work() -> bool:
    """Say whether browsers make passkeys for this site."""
    return passkeys.work_here()


@register.simple_tag
def sso_name() -> str:
    """Return the name of the single sign-on's provider, "" without one."""
    return settings.SSO.name if settings.SSO else ""


@register.filter
def as_json(value: Any) -> str:
    """Return a value as JSON, for a `data-` attribute; it is escaped like any text."""
    return DjangoJSONEncoder(ensure_ascii=False).encode(value)
