"""Syncs of a list that changes underneath, by seeded chance: no live phone is missing, no drift is invented.

There are 300 of them, 60 with `QUICK` set.
"""

import os
import random
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from uuid import UUID

import pytest
from django.db import OperationalError, connections
from django.utils import timezone
from pytest_django import Settings

from phones.diga import DigaClient, DigaNotFound
from phones.diga.sandbox import PhoneRow, Sandbox
from phones.diga.sandbox.serving.messages import Answer, Request
from phones.models import Change, Outcome, Phone, Project, Source
from phones.services.routing.edits import PhoneEdit
from phones.services.sync.passes import sync_project
from tests.support.desk.saving import NotSaved, save, stored

SYNC_COUNT = 60 if "QUICK" in os.environ else 300
SEEDS = 6
LIST = "/v1/phone/"


class Bustle:
    """People at work in Diga's own pages: numbers come and go and are renamed while a list is read."""

    def __init__(self, sandbox: Sandbox, seed: int) -> None:
        self._sandbox = sandbox
        self._chance = random.Random(seed)
        self._added_count = 0
        # The nicknames each phone was given from outside, in order.
        self.given: dict[UUID, list[str]] = {}

    def act(self) -> None:
        """Do a few things to the list."""
        for _ in range(self._chance.randrange(4)):
            self._chance.choice((self._add, self._remove, self._rename))()

    def _add(self) -> None:
        self._added_count += 1
        number = f"+34951{self._added_count:06}"
        self._sandbox.phones.add(PhoneRow(id=UUID(int=self._chance.getrandbits(128)), number=number))

    def _remove(self) -> None:
        rows = list(self._sandbox.phones)
        if len(rows) > 35:
            self._sandbox.phones.remove(self._chance.choice(rows).id)

    def _rename(self) -> None:
        row = self._chance.choice(list(self._sandbox.phones))
        row.nickname = f"Renamed {self._chance.getrandbits(32):08x}"
        self.given.setdefault(row.id, []).append(row.nickname)

    @contextmanager
    def between_pages(self) -> Iterator[None]:
        """Be at work whenever a page of the list was asked for."""
        handle = self._sandbox.handle

        def act_and_handle(request: Request) -> Answer:
            if request.path == LIST:
                with self._sandbox.lock:
                    self.act()
            return handle(request)

        self._sandbox.handle = act_and_handle  # type: ignore[method-assign]
        try:
            yield
        finally:
            self._sandbox.handle = handle  # type: ignore[method-assign]


@pytest.fixture(autouse=True)
def _small_pages(monkeypatch: pytest.MonkeyPatch, settings: Settings) -> None:
    """Let a short list have many pages and several walkers."""
    defaults = DigaClient.walk_phones.__kwdefaults__ or {}
    monkeypatch.setitem(defaults, "limit", 8)
    monkeypatch.setattr("phones.diga.walking.LEAST_SEGMENT_PAGES", 1)
    # Few pages that are stored together, so that much comes between them.
    monkeypatch.setattr("phones.services.sync.passes.BATCH_PAGES", 2)
    settings.SYNC_WALKERS = 3


def check_marks(sandbox: Sandbox, project: Project) -> None:
    """No phone that Diga has is marked as missing; a complete copy has the rest of what Diga has."""
    marked = set(Phone.objects.filter(project=project).exclude(missing_since=None).values_list("pk", flat=True))
    assert not [row.number for row in sandbox.phones if row.id in marked]


def check_drift(bustle: Bustle, own: dict[UUID, list[str]]) -> None:
    """Every entry of the ledger is a nickname that was really given outside, in its order, and each at most once."""
    for phone_id in set(Change.objects.filter(source=Source.OUTSIDE).values_list("phone", flat=True)):
        told = list(Change.objects.filter(source=Source.OUTSIDE, phone=phone_id).order_by("pk"))
        assert all(set(change.after) == {"nickname"} for change in told)
        given = iter(bustle.given.get(phone_id, []))
        # In order, so each is used up; what was seen only after the next one is left out.
        assert all(change.after["nickname"] in given for change in told), (told, bustle.given.get(phone_id))
        assert not {change.after["nickname"] for change in told} & set(own.get(phone_id, []))


@pytest.mark.parametrize("seed", range(SEEDS))
def test_syncs_of_a_changing_list_mark_no_live_phone_and_invent_no_drift(
    sandbox: Sandbox, aurora: Project, seed: int
) -> None:
    bustle = Bustle(sandbox, seed)
    complete_count = 0

    for _ in range(SYNC_COUNT // SEEDS):
        with bustle.between_pages():
            run = sync_project(project=aurora, clock=timezone.now)
        complete_count += run.is_complete
        check_marks(sandbox, aurora)

    check_drift(bustle, {})
    # The tests above would hold for syncs that do nothing, too.
    assert complete_count > SYNC_COUNT // SEEDS // 2
    last = sync_project(project=aurora, clock=timezone.now)
    theirs = {row.id: row.nickname for row in sandbox.phones}
    ours = dict(Phone.objects.filter(project=aurora, missing_since=None).values_list("pk", "nickname"))
    assert (last.is_complete, ours) == (True, theirs)


@pytest.mark.django_db(transaction=True)
def test_own_saves_between_pages_are_never_told_as_drift(sandbox: Sandbox, aurora: Project) -> None:
    bustle = Bustle(sandbox, 7)
    chance = random.Random(7)
    own: dict[UUID, list[str]] = {}

    def rename(_run: object) -> None:
        phone = chance.choice(list(Phone.objects.filter(project=aurora, missing_since=None, status="assigned")))
        if phone.pk in sandbox.phones and phone.pk not in bustle.given:
            own.setdefault(phone.pk, []).append(f"Ours {chance.getrandbits(32):08x}")
            # Meanwhile it may have been taken away, or renamed.
            with suppress(DigaNotFound, NotSaved):
                save(phone, PhoneEdit(nickname=own[phone.pk][-1]))

    for _ in range(20):
        with bustle.between_pages():
            sync_project(project=aurora, clock=timezone.now, on_page=rename)
        check_marks(sandbox, aurora)

    check_drift(bustle, own)
    assert Change.objects.filter(source=Source.FORM, outcome=Outcome.CONFIRMED).count() > 50
    assert Change.objects.filter(source=Source.OUTSIDE).exists()


@pytest.mark.django_db(transaction=True)
def test_people_save_while_a_sync_writes_and_nothing_is_locked(
    sandbox: Sandbox, aurora: Project, sales_phone: Phone, settings: Settings
) -> None:
    sandbox.reset(phones=1500)
    problems: list[BaseException] = []
    saved_count = 0
    is_over = threading.Event()

    def edit() -> None:
        nonlocal saved_count
        while not is_over.is_set():
            try:
                save(stored(sales_phone), PhoneEdit(nickname=f"Edit {time.monotonic_ns()}"))
                saved_count += 1
            except OperationalError as error:
                problems.append(error)
        connections.close_all()

    editors = [threading.Thread(target=edit)]
    for editor in editors:
        editor.start()
    run = sync_project(project=aurora, clock=timezone.now)
    is_over.set()
    for editor in editors:
        editor.join()

    assert problems == []
    assert run.is_complete, run.cause
    assert saved_count > 0
    assert run.new_count == 1500 - 40
    assert not Change.objects.filter(source=Source.OUTSIDE, phone=sales_phone).exists()
    assert stored(sales_phone).nickname == sandbox.phones[sales_phone.pk].nickname
