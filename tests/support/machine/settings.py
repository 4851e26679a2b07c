"""The site's settings as a process with another environment has them."""

import json
import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
# What an installation with https has to be given.
KEYS = {
    "SECRET_KEY": "a secret of the tests, which opens nothing at all",
    "TOKEN_KEYS": "iVXRXBxGZPB6mPAsEkZRtKfFvCKcMRfS9HZFWOPZ5eY=",
    "DIARY_KEY": "a key of the tests, which seals nothing that anybody keeps",
}
START = "import json, dashboard.settings as settings; "
SHOW = "print(json.dumps({name: getattr(settings, name) for name in %r}))"


def start(data_dir: Path, code: str = "", **env: str) -> subprocess.Popen[str]:
    """Begin to load the real settings in a process of their own, with this environment and no other."""
    return subprocess.Popen(
        [sys.executable, "-c", START + code],
        cwd=ROOT,
        env={
            "PATH": os.environ["PATH"],
            "DATA_DIR": str(data_dir),
            **env,
        },
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def load(data_dir: Path, *names: str, **env: str) -> dict[str, object]:
    """Return settings by name as a process with this environment has them."""
    process = start(data_dir, SHOW % (names,), **env)
    out, err = process.communicate(timeout=30)
    assert process.returncode == 0, err
    found: dict[str, object] = json.loads(out)
    return found
