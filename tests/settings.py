"""The site's settings for tests: throw-away data, nothing from a developer's `.env`, no queue, cheap passwords."""

import atexit
import os
import shutil
import tempfile
from pathlib import Path

# Before the settings, which hide redis from it: tests of the doorbell take it along.
import huey.storage  # noqa: F401

# In memory, where nothing waits for a disk; a container may have too little of it.
_memory = Path("/dev/shm")  # noqa: S108 - a folder of its own is made in it.
_has_memory = _memory.is_dir() and shutil.disk_usage(_memory).free > 1024**3
_folder = tempfile.TemporaryDirectory(prefix="phone-desk-tests-", dir=_memory if _has_memory else None)
atexit.register(_folder.cleanup)

os.environ |= {
    "DATA_DIR": _folder.name,
    "DEBUG": "false",
    "SITE_URL": "http://127.0.0.1:8000",
    "ALLOWED_HOSTS": "testserver,127.0.0.1,localhost",
    "SECRET_KEY": "a secret of the tests, which opens nothing at all",
    # Port 9 is where nothing answers; the fixture `sandbox_server` puts its own address here.
    "DIGA_API_URL": "http://127.0.0.1:9",
    "DIGA_PROXY_URL": "",
    "DIGA_REQUESTS_PER_SECOND": "100000",
    "OIDC_ISSUER": "",
    "REQUIRE_2FA_ROLES": "",
    "TIME_ZONE": "Europe/Madrid",
    "LOG_LEVEL": "INFO",
}
# The suite can be run on PostgreSQL and Redis, when asked to in the environment.
os.environ.setdefault("DATABASE_URL", f"sqlite:///{_folder.name}/phone-desk.sqlite3")
os.environ.setdefault("REDIS_URL", "")

from dashboard.settings import *  # noqa: E402, F403 - the environment has to stand first.
from dashboard.settings import DATABASES  # noqa: E402

if "sqlite" in DATABASES["default"]["ENGINE"]:
    # The live server's threads have connections of their own, so the database is a file.
    DATABASES["default"]["TEST"] = {"NAME": f"{_folder.name}/test.sqlite3"}

# Never a shared one: to clear it, as each test does, would empty it for the tests that run beside.
CACHES = {"default": {"BACKEND": "tests.support.machine.in_memory.JsonMemory"}}

HUEY = {
    "huey_class": "tests.support.machine.in_memory.ImmediateQueue",
    "name": "phone-desk-tests",
    "immediate": True,
    "results": False,
}

PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]

STATIC_ROOT = Path(_folder.name) / "staticfiles"
STATIC_ROOT.mkdir()
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
}
