"""Room on the disk: administrators are warned before nothing can be written down any more."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client
from pytest_django import Settings

from dashboard.monitoring import disk
from tests.support.machine.disks import let_be_free
from tests.support.pages.pages import find, read, words

SignIn = Callable[[User], Client]
WARNING = "The disk of this server is nearly full."


@pytest.mark.parametrize(("share", "is_low"), [(0.049, True), (0.05, False), (1.0, False), (0.0, True)])
def test_disk_is_low_below_a_twentieth(monkeypatch: pytest.MonkeyPatch, share: float, is_low: bool) -> None:
    let_be_free(monkeypatch, share)

    assert disk.is_low() is is_low


def test_disk_is_looked_at_once_a_minute(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = let_be_free(monkeypatch, 0.5)
    disk.is_low()
    once = len(asked)
    disk.is_low()
    again = len(asked)
    monkeypatch.setattr(disk, "KEPT_SECONDS", 0.0)

    disk.is_low()

    assert (again, len(asked)) == (once, 2 * once)


@pytest.mark.skipif(connection.vendor != "sqlite", reason="PostgreSQL has a disk of its own")
def test_disk_of_the_database_counts_too(monkeypatch: pytest.MonkeyPatch, settings: Settings, tmp_path: Path) -> None:
    settings.DATA_DIR = tmp_path
    let_be_free(monkeypatch, 0.5, elsewhere=0.01)

    assert disk.is_low()


def test_disk_that_can_not_be_asked_is_no_alarm(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(folder: Path) -> None:
        raise PermissionError

    let_be_free(monkeypatch, 0.5)
    monkeypatch.setattr(shutil, "disk_usage", refuse)

    assert disk.free_share() == 1.0


@pytest.mark.django_db
@pytest.mark.parametrize("path", ["/projects/aurora/", "/projects/aurora/settings/", "/projects/aurora/phones/"])
def test_administrator_is_warned(client_of: SignIn, admin: User, monkeypatch: pytest.MonkeyPatch, path: str) -> None:
    client = client_of(admin)
    let_be_free(monkeypatch, 0.5)
    with_room = words(find(read(client.get(path)), "problems"))
    let_be_free(monkeypatch, 0.01)

    nearly_full = words(find(read(client.get(path)), "problems"))

    assert with_room == ""
    assert nearly_full.startswith(WARNING)


@pytest.mark.django_db
def test_others_are_not_troubled(client_of: SignIn, lead: User, monkeypatch: pytest.MonkeyPatch) -> None:
    let_be_free(monkeypatch, 0.01)

    assert WARNING not in words(read(client_of(lead).get("/projects/aurora/")))
