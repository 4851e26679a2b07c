"""Reports of errors, as DEBUG shows them: no secret of the installation, wherever in a report it would stand."""

import sys
from html import escape, unescape
from urllib.parse import quote

import pytest
from cryptography.fernet import Fernet
from django.conf import settings as site
from django.test import RequestFactory
from django.utils.module_loading import import_string
from django.views.debug import ExceptionReporter
from pytest_django import Settings

from dashboard.sign_in.sso.config import SingleSignOn

PASSWORDS = ["correct-horse-1", "p@ss/w<rd:2&", "päss'wort\"3"]


@pytest.fixture(params=PASSWORDS)
def secrets(request: pytest.FixtureRequest, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The secrets of an installation that has passwords everywhere."""
    password: str = request.param
    written = quote(password, safe="")
    settings.DEBUG = True
    settings.REDIS_URL = f"redis://:r{written}@redis:6379/0"
    settings.DIGA_PROXY_URL = f"http://desk:x{written}@proxy.example.com:3128"
    monkeypatch.setitem(site.DATABASES["default"], "PASSWORD", f"d{password}")
    settings.TOKEN_KEYS = [Fernet.generate_key().decode()]
    settings.METRICS_TOKEN = "a token of the tests, for /metrics alone"
    settings.EMAIL_HOST_PASSWORD = f"m{password}"
    settings.SSO = SingleSignOn("https://id.example.com", "desk", f"s{password}", "SSO", "groups", {}, False)
    passwords = [kind + password for kind in "rxdms"]
    keys = [site.SECRET_KEY, site.DIARY_KEY, *site.TOKEN_KEYS, site.METRICS_TOKEN]
    return [*passwords, *(f"{kind}{written}" for kind in "rxdm"), *keys]


def crash(secrets: list[str], *addresses: str | None) -> None:
    """Fail as the driver of a database does: with the password in a variable and the address in the text."""
    keys = [site.SECRET_KEY, site.DIARY_KEY, *site.TOKEN_KEYS, site.METRICS_TOKEN]
    parameters = {"user": "desk", "passwords": secrets[2:5], "keys": keys}
    raise ConnectionError(f"{addresses} can't be reached with {len(parameters)} parameters")


def report(secrets: list[str], kind: type[ExceptionReporter]) -> tuple[str, str]:
    """Return the report of a crash as a page and as a text, which has the environment as `runserver` passes it on."""
    request = RequestFactory().get(
        "/phones/",
        DATABASE_URL=f"postgres://desk:{quote(secrets[2], safe='')}@db/desk",
        MAIL_URL=f"smtp://desk:{quote(secrets[3], safe='')}@mail.example.com:587",
    )
    try:
        crash(secrets, site.REDIS_URL, site.DIGA_PROXY_URL)
    except ConnectionError:
        reporter = kind(request, *sys.exc_info())
        return reporter.get_traceback_html(), reporter.get_traceback_text()
    raise AssertionError


def test_report_has_no_secret_of_the_installation(secrets: list[str]) -> None:
    page, text = report(secrets, import_string(site.DEFAULT_EXCEPTION_REPORTER))

    assert "ConnectionError" in page
    assert "parameters" in text
    for secret in secrets:
        assert secret not in unescape(page)
        assert escape(repr(secret)) not in page
        assert secret not in text
        assert repr(secret)[1:-1] not in text


def test_report_of_django_would_have_them(secrets: list[str]) -> None:
    page, text = report(secrets, ExceptionReporter)

    assert [secret for secret in secrets if repr(secret)[1:-1] in unescape(page) + text] == secrets
