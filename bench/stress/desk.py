"""An installation in a temporary folder, with the stand-in for Diga in this process."""

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import django

if TYPE_CHECKING:
    from phones.diga.sandbox import SandboxServer

TOKEN = "sandbox-aurora-full"


def open_desk(folder: Path, database_url: str, *, phones: int) -> "SandboxServer":
    """Set up Django with an empty database, "" for SQLite in the folder, and start a stand-in with so many phones."""
    os.environ |= {
        "DJANGO_SETTINGS_MODULE": "dashboard.settings",
        "DATA_DIR": str(folder),
        "DATABASE_URL": database_url,
        "REDIS_URL": "",
        "DEBUG": "false",
        "DIGA_PROXY_URL": "",
        "DIGA_REQUESTS_PER_SECOND": "100000",
        "LOG_LEVEL": "CRITICAL",
    }
    from phones.diga.sandbox import Sandbox, SandboxServer

    server = SandboxServer(Sandbox(phones=phones, max_journal=sys.maxsize))
    server.start()
    os.environ["DIGA_API_URL"] = server.url
    django.setup()
    from django.core.management import call_command

    call_command("migrate", verbosity=0)
    return server
