"""Logs: no credential gets through, whole or in a traceback."""

import subprocess
import sys
from pathlib import Path

import pytest

from dashboard.logs.configuration import mask_secrets
from tests.fixtures.desk import CANARY

ROOT = Path(__file__).resolve().parents[3]
RAISE = f"""
import logging
from dashboard.logs.configuration import configure

configure(level=logging.DEBUG, as_json={{as_json}})
token = "{CANARY}"
headers = {{{{"Authorization": f"Bearer {{{{token}}}}"}}}}
try:
    raise ValueError(f"refused with {{{{headers}}}}")
except ValueError:
    logging.getLogger("phones.diga").exception("Sent %s and Authorization: Bearer %s", headers, token)
"""


@pytest.mark.parametrize(
    "text",
    [
        f"Authorization: Bearer {CANARY}",
        f"authorization=bearer {CANARY}",
        f"{{'Authorization': 'Bearer {CANARY}'}}",
        f'{{"authorization": "Bearer {CANARY}"}}',
        f"curl -H 'Authorization: Bearer {CANARY}' https://api.diga.example",
        f"Bearer\t{CANARY}",
        f"Cookie: csrf=x; session={CANARY}",
        f"{{'Cookie': 'csrf=x; session={CANARY}'}}",
        f"session={CANARY}",
        f"Proxy-Authorization: Basic {CANARY}",
    ],
)
def test_credentials_are_masked_in_any_form(text: str) -> None:
    masked = str(mask_secrets(None, "info", {"event": f"before {text}"})["event"])

    assert CANARY[5:13] not in masked
    assert masked.startswith("before ")
    assert "[masked]" in masked


def test_other_words_stay() -> None:
    event = {"event": "GET /v1/phone/ 200 in 3 ms", "count": 3}

    assert mask_secrets(None, "info", dict(event)) == event


@pytest.mark.parametrize("as_json", [True, False])
def test_traceback_shows_no_key(as_json: bool) -> None:
    done = subprocess.run(
        [sys.executable, "-c", RAISE.format(as_json=as_json)], cwd=ROOT, capture_output=True, text=True, check=True
    )

    assert "ValueError" in done.stderr
    assert "[masked]" in done.stderr
    assert CANARY[5:13] not in done.stderr + done.stdout
