"""/metrics: off without a token, closed without it, counters of several processes added up, numbers of the database."""

import json
import os
import re
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import pytest
import yaml
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone
from pytest_django import Settings

from phones.models import ActKind, Phone, Project
from phones.services.audit.acts import record_act
from phones.services.monitoring import HELP
from tests.fixtures.desk import CANARY
from tests.support.machine.settings import KEYS, ROOT

TOKEN = "a token of the tests, for /metrics alone"
COUNT = """
import sys, django
django.setup()
from dashboard.monitoring import metrics
from phones.diga.counting import note_call
metrics.start(sys.argv[1])
metrics.count_request("phone_list", 200, 0.03)
metrics.count_request("phone_list", 200, 0.3)
metrics.count_failed_sign_in("password")
note_call(0.2, "ok")
note_call(9.0, "DigaUnavailable")
"""
SHOW = """
import django
django.setup()
from django.core.management import call_command
from django.test import Client
call_command("migrate", verbosity=0)
from dashboard.monitoring import metrics
metrics.start("web")
answer = Client(headers={"authorization": "Bearer %s", "host": "10.1.2.3"}).get("/metrics")
print(answer.status_code, answer.content.decode())
"""


def _asked(client: Client, token: str = TOKEN) -> str:
    answer = client.get("/metrics", headers={"authorization": f"Bearer {token}"})
    assert (answer.status_code, answer["Cache-Control"]) == (200, "no-store")
    return answer.content.decode()


def _values(text: str) -> dict[str, float]:
    """Return the samples by name and labels."""
    return {name: float(value) for name, value in re.findall(r"^(phone_desk_\S+) (\S+)$", text, re.M)}


def _process(folder: Path, code: str, *arguments: str, token: str = TOKEN) -> str:
    env = {"PATH": os.environ["PATH"], "DATA_DIR": str(folder), "DJANGO_SETTINGS_MODULE": "dashboard.settings"}
    done = subprocess.run(
        [sys.executable, "-c", code, *arguments],
        cwd=ROOT,
        env={**env, **KEYS, "METRICS_TOKEN": token},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.django_db
def test_metrics_are_off_without_a_token_of_the_settings(client: Client, client_of: object, settings: Settings) -> None:
    settings.METRICS_TOKEN = ""
    answer = client.get("/metrics", headers={"authorization": "Bearer "})

    assert answer.status_code in {302, 404}
    assert b"phone_desk" not in answer.content


@pytest.mark.parametrize("given", ["", "Bearer ", "Bearer wrong", "Basic " + TOKEN, TOKEN[:-1], "Bearer ñ"])
def test_metrics_need_the_token(client: Client, settings: Settings, given: str) -> None:
    settings.METRICS_TOKEN = TOKEN

    answer = client.get("/metrics", headers={"authorization": given})

    assert (answer.status_code, answer.content, answer["WWW-Authenticate"]) == (401, b"", 'Bearer realm="metrics"')


@pytest.mark.django_db
def test_database_tells_its_numbers(
    client: Client, settings: Settings, aurora: Project, talleres: Project, admin: User, sales_phone: Phone
) -> None:
    settings.METRICS_TOKEN = TOKEN
    now = timezone.now()
    Project.objects.filter(pk=aurora.pk).update(synced_at=now - timedelta(hours=2), sync_cause="TIMEOUT")
    found = {"changes": 1, "acts": 1, "seals": 2, "faults": 3}
    record_act(kind=ActKind.VERIFIED, project=aurora, actor=None, at=now - timedelta(days=1), details=found)

    text = _asked(client)

    values = _values(text)
    assert 7200 <= values['phone_desk_sync_age_seconds{project="aurora"}'] < 7300
    assert values['phone_desk_sync_failing{project="aurora"}'] == 1
    assert values['phone_desk_sync_failing{project="talleres"}'] == 0
    assert values['phone_desk_plans{state="RUNNING"}'] == 0
    assert values['phone_desk_changes_open{outcome="UNKNOWN"}'] == 0
    assert values['phone_desk_history_faults{chain="aurora"}'] == 3
    assert 86400 <= values['phone_desk_history_verified_seconds{chain="aurora"}'] < 86500
    assert values["phone_desk_queue_messages"] == 0
    # No secret, no number and no person is in them.
    assert [word for word in (CANARY, sales_phone.number, admin.username, TOKEN) if word in text] == []


def test_processes_add_up(tmp_path: Path) -> None:
    shown = _values(_process(tmp_path, SHOW % TOKEN))
    assert not any(name.startswith("phone_desk_requests") for name in shown)

    for role in ("web", "worker", "worker"):
        _process(tmp_path, COUNT, role)
    # The next start of the web takes away what its ended processes had counted.
    told = _process(tmp_path, SHOW.replace('metrics.start("web")\n', "") % TOKEN)

    values = _values(told)
    assert values['phone_desk_requests_total{status="200",view="phone_list"}'] == 2 * 2
    assert values['phone_desk_request_seconds_bucket{le="0.05",view="phone_list"}'] == 2
    assert values['phone_desk_diga_calls_total{outcome="DigaUnavailable",role="web"}'] == 1
    assert values['phone_desk_diga_calls_total{outcome="ok",role="worker"}'] == 1
    assert values['phone_desk_failed_sign_ins_total{means="password"}'] == 2
    left = _values(_process(tmp_path, SHOW % TOKEN))
    assert 'phone_desk_diga_calls_total{outcome="ok",role="web"}' not in left
    assert left['phone_desk_diga_calls_total{outcome="ok",role="worker"}'] == 1


def test_nothing_is_loaded_without_metrics(tmp_path: Path) -> None:
    code = COUNT + "print('prometheus_client' in sys.modules)"

    assert _process(tmp_path, code, "web", token="") == "False\n"
    assert not (tmp_path / "metrics").exists()


def test_example_alerts_and_dashboard_name_what_there_is(tmp_path: Path) -> None:
    _process(tmp_path, COUNT, "web")
    told = _process(tmp_path, SHOW.replace('metrics.start("web")\n', "") % TOKEN)
    names = set(re.findall(r"^# TYPE (\S+)", told, re.M)) | {f"phone_desk_{name}" for name in HELP}
    names |= {f"{name}{end}" for name in names for end in ("_total", "_bucket", "_sum", "_count")}
    folder = ROOT / "docs/monitoring"
    alerts = yaml.safe_load((folder / "alerts.yml").read_text())
    asked = [rule["expr"] for group in alerts["groups"] for rule in group["rules"]]
    board = json.loads((folder / "dashboard.json").read_text())
    asked += [target["expr"] for panel in board["panels"] for target in panel["targets"]]

    assert len(asked) > 15
    assert [name for expr in asked for name in re.findall(r"phone_desk_\w+", expr) if name not in names] == []
