"""Headers that every answer carries, whatever became of the request."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from django.contrib.auth.models import User
from django.http import HttpResponseBase
from django.test import Client
from pytest_django import Settings

from phones.models import Project
from tests.support.machine.settings import KEYS

ROOT = Path(__file__).resolve().parents[2]
POLICY = {
    "default-src": "'none'",
    "script-src": "'self'",
    "style-src": "'self'",
    "img-src": "'self' data:",
    "font-src": "'self'",
    "connect-src": "'self'",
    "form-action": "'self'",
    "base-uri": "'none'",
    "frame-ancestors": "'none'",
    "object-src": "'none'",
}
HTTPS = """
import django
django.setup()
from django.test import Client
plain = Client().get("/health/?a=b", headers={"host": "desk.example.com"})
safe = Client().get("/health/", secure=True, headers={"host": "desk.example.com"})
print(plain.status_code, plain["Location"])
print(safe.status_code, safe["Strict-Transport-Security"])
"""


COOKIES = """
import json, django
django.setup()
from django.conf import settings
from django.contrib.auth.models import User
from django.core.management import call_command
from django.test import Client
settings.STORAGES["staticfiles"]["BACKEND"] = "django.contrib.staticfiles.storage.StaticFilesStorage"
call_command("migrate", verbosity=0)
User.objects.create_user("viewer", password="a password of the tests")
client = Client(headers={"host": "desk.example.com"})
client.get("/account/login/", secure=True)
client.post("/account/language/", {"language": "es"}, secure=True)
client.post("/account/login/", {"login": "viewer", "password": "a password of the tests"}, secure=True)
new = dict.fromkeys(("password1", "password2"), "quartz otter lemon")
answer = client.post("/account/password/", new | {"oldpassword": "a password of the tests"}, secure=True)
assert answer.status_code == 302
print(json.dumps({
    name: [*(flag for flag in ("Secure", "HttpOnly") if one[flag.lower()]), one["samesite"], one["path"], one["domain"]]
    for name, one in client.cookies.items()
}, sort_keys=True))
"""


def policy_of(answer: HttpResponseBase) -> dict[str, str]:
    """Return the directives of an answer's CSP by name."""
    parts = (part.strip().partition(" ") for part in answer["Content-Security-Policy"].split(";"))
    return {name: value for name, _space, value in parts}


def assert_headers(answer: HttpResponseBase) -> None:
    """Want the whole set."""
    assert policy_of(answer) == POLICY
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert answer["X-Frame-Options"] == "DENY"
    assert answer["Referrer-Policy"] == "same-origin"
    assert answer["Cross-Origin-Opener-Policy"] == "same-origin"
    assert answer["Permissions-Policy"] == "camera=(), geolocation=(), microphone=()"
    assert "no-store" in answer["Cache-Control"]
    assert {"HX-Request", "HX-Target"} <= {name.strip() for name in answer["Vary"].split(",")}


@pytest.mark.parametrize(
    ("path", "status"), [("/", 302), ("/account/login/", 200), ("/health/", 200), ("/nowhere/", 404)]
)
def test_headers_for_visitors(db: None, client: Client, path: str, status: int) -> None:
    answer = client.get(path)

    assert answer.status_code == status
    assert_headers(answer)


def test_headers_on_pages_and_refusals(client_of: Callable[[User], Client], aurora: Project, viewer: User) -> None:
    client = client_of(viewer)

    for path, status in (("phones/", 200), ("settings/", 403), ("phones/nothing/", 404)):
        answer = client.get(f"/projects/{aurora.slug}/{path}")

        assert answer.status_code == status, path
        assert_headers(answer)


def test_static_files_carry_what_pages_do_and_may_be_kept(settings: Settings) -> None:
    (Path(str(settings.STATIC_ROOT)) / "desk.css").write_text("body {}")

    answer = Client().get("/static/desk.css")

    assert (answer.status_code, b"".join(answer)) == (200, b"body {}")
    assert policy_of(answer) == POLICY
    for name, value in {
        "X-Content-Type-Options": "nosniff",
        "X-Frame-Options": "DENY",
        "Referrer-Policy": "same-origin",
        "Cross-Origin-Opener-Policy": "same-origin",
        "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
    }.items():
        assert answer[name] == value
    assert "HX-Target" not in answer.get("Vary", "")
    assert "public" in answer["Cache-Control"]


def test_cookies_are_all_alike(tmp_path: Path) -> None:
    cookies = json.loads(run_on_https(tmp_path, COOKIES))

    assert cookies == {
        f"__Host-{name}": ["Secure", "HttpOnly", "Lax", "/", ""] for name in ("csrf", "device", "language", "session")
    }


@pytest.mark.parametrize("is_htmx", [True, False])
def test_headers_without_csrf_token(db: None, is_htmx: bool) -> None:
    client = Client(enforce_csrf_checks=True)

    answer = client.post("/account/login/", headers={"HX-Request": "true"} if is_htmx else {})

    assert answer.status_code == 403
    assert_headers(answer)


def test_unknown_host_is_refused(client: Client) -> None:
    answer = client.get("/health/", headers={"host": "evil.example"})

    assert answer.status_code == 400
    assert b"evil.example" not in answer.content


def test_https_redirects_and_stays(tmp_path: Path) -> None:
    assert run_on_https(tmp_path, HTTPS).splitlines() == [
        "301 https://desk.example.com/health/?a=b",
        "200 max-age=31536000; includeSubDomains; preload",
    ]


def run_on_https(folder: Path, code: str) -> str:
    """Return what the code prints in a process with the settings of a real installation."""
    env = {
        "PATH": os.environ["PATH"],
        "DJANGO_SETTINGS_MODULE": "dashboard.settings",
        "DATA_DIR": str(folder),
        "SITE_URL": "https://desk.example.com",
        "LOG_LEVEL": "CRITICAL",
        **KEYS,
    }
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, env=env, capture_output=True, text=True, check=True)
    return done.stdout
