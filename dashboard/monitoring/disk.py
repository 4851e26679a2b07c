"""The free space on the disks of the database and the secrets."""

import shutil
import time
from pathlib import Path

from django.conf import settings
from django.db import connection

LOW_SHARE = 0.05
KEPT_SECONDS = 60.0
_kept: dict[Path, tuple[float, float]] = {}


def free_share() -> float:
    """Return the free share, 0 to 1, of the fullest disk that we write to.

    Read at most once a minute and process. 1 if it can't be read.
    """
    return min(_free_share(folder) for folder in _folders())


def is_low() -> bool:
    """Return whether the disk is nearly full: soon no change could be logged, and so none sent."""
    return free_share() < LOW_SHARE


def forget() -> None:
    """Clear the cached value."""
    _kept.clear()


def _folders() -> set[Path]:
    folders = {Path(settings.DATA_DIR)}
    if connection.vendor == "sqlite":
        folders.add(Path(connection.settings_dict["NAME"]).parent)
    return folders


def _free_share(folder: Path) -> float:
    now = time.monotonic()
    looked_at, share = _kept.get(folder, (-KEPT_SECONDS, 1.0))
    if now - looked_at >= KEPT_SECONDS:
        share = _look(folder)
        _kept[folder] = now, share
    return share


def _look(folder: Path) -> float:
    try:
        usage = shutil.disk_usage(folder)
    except OSError:
        return 1.0
    return usage.free / usage.total if usage.total else 1.0
