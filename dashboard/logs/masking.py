"""Masking of keys and passwords in error reports, with DEBUG too."""

import re
from collections.abc import ItemsView, Iterator
from html import escape
from types import FrameType
from typing import Any
from urllib.parse import quote, unquote, urlsplit

from django.conf import settings
from django.http import HttpRequest
from django.utils.safestring import SafeString
from django.views.debug import ExceptionReporter, SafeExceptionReporterFilter

ON_THE_WIRE = ("phones.diga.", "requests.", "urllib3.", "http.")
# Name and password in an address. The environment may have it in any percent-encoding of what the settings hold.
_IN_ADDRESS = re.compile(r"(?<=://)[^\s/@<>]+(?=@)")


class AlwaysMasking(SafeExceptionReporterFilter):
    """Masks sensitive variables in error reports, with DEBUG too."""

    def is_active(self, request: HttpRequest | None) -> bool:
        """Return True, whatever DEBUG is."""
        return True

    def get_traceback_frame_variables(self, request: HttpRequest | None, tb_frame: FrameType) -> ItemsView[str, Any]:
        """Mask every variable of the code that sends requests: the headers with the key pass through it."""
        if tb_frame.f_globals.get("__name__", "").startswith(ON_THE_WIRE):
            return dict.fromkeys(tb_frame.f_locals, self.cleansed_substitute).items()
        return super().get_traceback_frame_variables(request, tb_frame)


class Report(ExceptionReporter):
    """Masks the installation's own secrets wherever they occur in a report.

    By value, not by name: variables of the database driver hold the password, and a setting holds it within an address.
    """

    def get_traceback_html(self) -> SafeString:
        """Return the page of DEBUG."""
        return SafeString(without_secrets(super().get_traceback_html()))

    def get_traceback_text(self) -> SafeString:
        """Return the report as plain text."""
        return SafeString(without_secrets(super().get_traceback_text()))


def without_secrets(text: str) -> str:
    """Mask every secret of the settings in a text, however it is written there, and passwords in addresses."""
    text = _IN_ADDRESS.sub(SafeExceptionReporterFilter.cleansed_substitute, str(text))
    for secret in sorted({*_secrets()}, key=len, reverse=True):
        for written in {secret, escape(secret), repr(secret)[1:-1], escape(repr(secret)[1:-1])}:
            text = text.replace(written, SafeExceptionReporterFilter.cleansed_substitute)
    return text


def _secrets() -> Iterator[str]:
    """Yield each secret of the settings: keys, and passwords both plain and percent-encoded."""
    yield from (settings.SECRET_KEY, settings.DIARY_KEY, *settings.TOKEN_KEYS)
    yield from filter(None, (settings.METRICS_TOKEN, settings.SENTRY_DSN, settings.SSO and settings.SSO.secret))
    addresses = (settings.REDIS_URL, settings.DIGA_PROXY_URL)
    passwords = [urlsplit(address).password for address in addresses if address]
    passwords += [database.get("PASSWORD") for database in settings.DATABASES.values()]
    passwords.append(settings.EMAIL_HOST_PASSWORD)
    for password in passwords:
        if password:
            yield from (password, unquote(password), quote(password, safe=""))
