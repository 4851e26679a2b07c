"""Error reports, also those that DEBUG shows: without keys and passwords."""

from collections.abc import ItemsView, Iterator
from html import escape
from types import FrameType
from typing import Any
from urllib.parse import unquote, urlsplit

from django.conf import settings
from django.http import HttpRequest
from django.utils.safestring import SafeString
from django.views.debug import ExceptionReporter, SafeExceptionReporterFilter

ON_THE_WIRE = ("phones.diga.", "requests.", "urllib3.", "http.")


class AlwaysMasking(SafeExceptionReporterFilter):
    """Keeps what is marked as sensitive out of error reports, also of those that DEBUG shows."""

    def is_active(self, request: HttpRequest | None) -> bool:
        """Mask, whatever DEBUG says."""
        return True

    def get_traceback_frame_variables(self, request: HttpRequest | None, tb_frame: FrameType) -> ItemsView[str, Any]:
        """Mask every variable of the code that puts requests on the wire: headers with the key pass there."""
        if tb_frame.f_globals.get("__name__", "").startswith(ON_THE_WIRE):
            return dict.fromkeys(tb_frame.f_locals, self.cleansed_substitute).items()
        return super().get_traceback_frame_variables(request, tb_frame)


class Report(ExceptionReporter):
    """Masks the installation's own secrets wherever they stand in a report.

    By value, not by name: the driver of the database has the password in its variables, and a setting in its address.
    """

    def get_traceback_html(self) -> SafeString:
        """Return the page that DEBUG shows."""
        return _masked(super().get_traceback_html())

    def get_traceback_text(self) -> SafeString:
        """Return the report as plain text."""
        return _masked(super().get_traceback_text())


def _masked(report: SafeString) -> SafeString:
    text = str(report)
    for secret in sorted({*_secrets()}, key=len, reverse=True):
        for written in {secret, escape(secret), repr(secret)[1:-1], escape(repr(secret)[1:-1])}:
            text = text.replace(written, SafeExceptionReporterFilter.cleansed_substitute)
    return SafeString(text)


def _secrets() -> Iterator[str]:
    """Yield each secret of the settings: keys, and passwords as they are and as an address writes them."""
    yield from (settings.SECRET_KEY, settings.DIARY_KEY, *settings.TOKEN_KEYS)
    addresses = (settings.REDIS_URL, settings.DIGA_PROXY_URL)
    passwords = [urlsplit(address).password for address in addresses if address]
    passwords += [database.get("PASSWORD") for database in settings.DATABASES.values()]
    for password in passwords:
        if password:
            yield from (password, unquote(password))
