"""A process with SQLite and no Redis does without their clients."""

import os
import subprocess
import sys


def test_site_on_sqlite_imports_no_other_client() -> None:
    env = os.environ | {"DATABASE_URL": "", "REDIS_URL": "", "DJANGO_SETTINGS_MODULE": "dashboard.settings"}
    lines = "import sys, django; django.setup(); import phones.tasks; print({'psycopg', 'redis'} & set(sys.modules))"

    found = subprocess.run([sys.executable, "-c", lines], env=env, capture_output=True, text=True, check=True)

    assert found.stdout.splitlines()[-1] == "set()"
