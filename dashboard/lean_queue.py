"""Huey without what nothing here uses: its storages import psycopg and redis wherever these are installed.

They cost 9 and 7 MB a process.
"""

import sys
from collections.abc import Sequence
from importlib import import_module


def import_huey(*, without: Sequence[str]) -> None:
    """Import Huey's storages as where these packages are not installed; those imported already are left alone."""
    hidden = [name for name in without if name not in sys.modules]
    # An import of a module that is None fails.
    sys.modules.update(dict.fromkeys(hidden))  # type: ignore[arg-type]
    try:
        import_module("huey.storage")
    finally:
        for name in hidden:
            del sys.modules[name]
