"""Error reports and traces: off unless set, and without anything secret or typed. Nothing leaves this process."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from pytest_django import Settings

from dashboard.monitoring.error_reports import scrubbed
from tests.fixtures.desk import CANARY
from tests.support.machine.settings import KEYS, ROOT

DSN = "http://a-public-part-of-a-dsn@127.0.0.1:9/1"
PASSWORD = "correct-horse-battery"
START = """
import json, logging, os, sys
import django
django.setup()
from django.conf import settings
from django.core.management import call_command
from django.test.utils import override_settings

# Static files may not have been collected.
plain = {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
override_settings(STATIC_ROOT=os.environ["DATA_DIR"], STORAGES=settings.STORAGES | {"staticfiles": plain}).enable()
call_command("migrate", verbosity=0)
canary = sys.argv[1]

def fail(request):
    token = canary
    raise ValueError(f"refused with Authorization: Bearer {canary}")

from dashboard import urls
from django.urls import path, clear_url_caches
from django.contrib.auth.decorators import login_not_required
fail.csrf_exempt = True
urls.urlpatterns.insert(0, path("fails/", login_not_required(fail), name="fails"))
clear_url_caches()

def ask():
    # As a server calls it: the client of Django's tests goes past what Sentry listens to.
    from django.core.handlers.wsgi import WSGIHandler
    from django.test import RequestFactory

    asked = RequestFactory(headers={"authorization": f"Bearer {canary}", "host": "127.0.0.1"})
    asked.cookies["sessionid"] = canary
    request = asked.post(f"/fails/?q=951201855&key={canary}", {"password": canary, "note": canary})
    list(WSGIHandler()(request.environ, lambda status, headers: None))
"""
REPORT = (
    START
    + """
from sentry_sdk.transport import Transport
from dashboard.monitoring import error_reports

class Kept(Transport):
    def capture_envelope(self, envelope):
        for item in envelope.items:
            print("EVENT", json.dumps(item.payload.json))

error_reports.start("web", transport=Kept)
ask()
from django.conf import settings
logging.getLogger("phones.tasks").error("kept %s with %s", canary, settings.DIARY_KEY)
"""
)
SENT = (
    START
    + """
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread
from dashboard.monitoring import error_reports

class Receiver(BaseHTTPRequestHandler):
    def do_GET(self):
        print("EVENT", json.dumps({"headers": [*map(str.lower, self.headers)]}), flush=True)
        self.send_response(204)
        self.end_headers()

error_reports.start("worker")
server = HTTPServer(("127.0.0.1", 0), Receiver)
Thread(target=server.handle_request).start()
asking = HTTPConnection(*server.server_address)
asking.request("GET", "/")
asking.getresponse()
"""
)
TRACE = (
    START
    + """
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from dashboard.monitoring import traces
from phones.diga.counting import note_call
from structlog.contextvars import bound_contextvars

kept = InMemorySpanExporter()
traces.start("web", exporter=kept)
ask()
with bound_contextvars(project="aurora", task="run_plan", plan=7):
    note_call(0.25, "ok")
traces._tracer.span_processor.force_flush()
for span in kept.get_finished_spans():
    print("EVENT", span.to_json(indent=None))
"""
)
OFF = "import django; django.setup(); import dashboard.wsgi, sys; print(*sys.modules)"


def events(folder: Path, code: str, **settings: str) -> list[dict[str, Any]]:
    """Run a program with the production settings, and return what it would have sent."""
    said = process(folder, code, **settings)
    assert said.returncode == 0, said.stderr
    return [json.loads(line.removeprefix("EVENT ")) for line in said.stdout.splitlines() if line.startswith("EVENT ")]


def process(folder: Path, code: str, **settings: str) -> "subprocess.CompletedProcess[str]":
    known = {"PATH": os.environ["PATH"], "DATA_DIR": str(folder), "DJANGO_SETTINGS_MODULE": "dashboard.settings"}
    env = known | KEYS | settings
    command = [sys.executable, "-c", code, CANARY]
    return subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True, check=False)


def test_error_report_has_the_traceback_and_nothing_secret_or_typed(tmp_path: Path) -> None:
    failed, logged = events(tmp_path, REPORT, SENTRY_DSN=DSN)

    assert failed["exception"]["values"][-1]["type"] == "ValueError"
    assert failed["request"] == {"method": "POST", "url": "http://127.0.0.1/fails/"}
    assert failed["tags"]["role"] == "web"
    assert logged["level"] == "error"
    text = json.dumps([failed, logged])
    for secret in (CANARY, CANARY[5:13], "951201855", KEYS["DIARY_KEY"]):
        assert secret not in text


def test_requests_to_others_carry_nothing_of_the_reports(tmp_path: Path) -> None:
    assert events(tmp_path, SENT, SENTRY_DSN=DSN) == [{"headers": ["host", "accept-encoding"]}]


def test_password_with_marks_is_in_no_report(settings: Settings) -> None:
    settings.EMAIL_HOST_PASSWORD = "a\"b\\c'd-e"

    sent = scrubbed({"message": f"refused {settings.EMAIL_HOST_PASSWORD}", "tags": [{"level": 3}]}, None)

    assert sent == {"message": "refused ********************", "tags": [{"level": 3}]}


def test_traces_name_pages_and_tasks_and_no_address(tmp_path: Path) -> None:
    request, call = events(tmp_path, TRACE, OTEL_EXPORTER_OTLP_ENDPOINT="http://127.0.0.1:9")

    assert request["name"] == "POST fails"
    assert request["attributes"]["http.response.status_code"] == 500
    assert (call["name"], call["attributes"]["outcome"], call["attributes"]["plan"]) == ("diga", "ok", 7)
    assert call["resource"]["attributes"]["service.name"] == "phone-desk-web"
    text = json.dumps([request, call])
    for secret in (CANARY, "951201855", "/fails/"):
        assert secret not in text


def test_nothing_of_them_is_loaded_unless_set(tmp_path: Path) -> None:
    loaded = process(tmp_path, OFF).stdout.split()

    assert "dashboard.monitoring.traces" in loaded
    assert [name for name in loaded if name.startswith(("sentry_sdk", "opentelemetry"))] == []


@pytest.mark.parametrize(
    ("setting", "value", "module", "package"),
    [
        ("SENTRY_DSN", DSN, "sentry_sdk", "sentry-sdk"),
        (
            "OTEL_EXPORTER_OTLP_ENDPOINT",
            "http://127.0.0.1:9",
            "opentelemetry",
            "opentelemetry-sdk opentelemetry-exporter-otlp-proto-http",
        ),
    ],
)
def test_setting_without_its_package_stops_the_start(
    tmp_path: Path, setting: str, value: str, module: str, package: str
) -> None:
    missing = f"import sys; sys.modules['{module}'] = None; import django; django.setup()"

    done = process(tmp_path, missing, **{setting: value})

    assert done.returncode == 1
    assert f"{setting} needs a package. Run: pip install {package}" in done.stderr
