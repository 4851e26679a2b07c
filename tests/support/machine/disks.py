"""How full the disk is, as the site sees it. A disk can't be filled here, so what the system says of it is replaced."""

import shutil
from collections import namedtuple
from pathlib import Path

import pytest
from django.conf import settings

from dashboard.monitoring import disk

Usage = namedtuple("Usage", "total used free")


def let_be_free(monkeypatch: pytest.MonkeyPatch, share: float, *, elsewhere: float | None = None) -> list[Path]:
    """Let that share be free; `elsewhere` is for folders beside DATA_DIR. Return the folders that are asked for."""
    asked: list[Path] = []

    def disk_usage(folder: Path) -> Usage:
        asked.append(folder)
        free = share if elsewhere is None or folder == settings.DATA_DIR else elsewhere
        return Usage(1000, round(1000 - 1000 * free), round(1000 * free))

    disk.forget()
    monkeypatch.setattr(shutil, "disk_usage", disk_usage)
    return asked
