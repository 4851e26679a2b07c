"""A pass while phones come and go: none that stays is missed, in 300 passes with their seeds (60 with `QUICK` set)."""

import os
import random
from concurrent.futures import ThreadPoolExecutor
from uuid import UUID

import pytest

from phones.diga.sandbox import Churn, PhoneRow, Sandbox, Switches
from tests.support.diga.walking import client_of, ids_of

PASSES = 60 if "QUICK" in os.environ else 300
CHURN_LIMIT = 15


def busy_list(seed: int) -> tuple[Sandbox, Churn, set[UUID]]:
    """Return a stand-in whose phones come and go, with the ids it begins with."""
    chance = random.Random(f"{seed}/list")
    phone_count = chance.randint(600, 1200) if seed % 25 else 3000
    switches = Switches(deleted_cursor=chance.choice(["works", "refuses", "ends"]))
    switches.default_order = chance.choice(["desc", "desc", "asc"])
    switches.totals_in_page_mode = chance.random() < 0.8
    sandbox = Sandbox(phones=0, switches=switches)
    for number in range(phone_count):
        sandbox.phones.add(PhoneRow(UUID(int=chance.getrandbits(128), version=4), f"+34{number:09d}"))
    churn = Churn(
        seed, added=chance.randint(0, 200), removed=chance.randint(0, 200), requests=phone_count // CHURN_LIMIT
    )
    sandbox.churn = churn
    return sandbox, churn, {row.id for row in sandbox.phones}


def test_no_phone_that_stays_is_missed_in_many_passes(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("CRITICAL", logger="phones.diga")
    complete_count = 0
    for seed in range(PASSES):
        sandbox, churn, before = busy_list(seed)
        known = [row.id for row in sandbox.phones][:: random.Random(seed).choice([0, 30, 100]) or len(before)]
        walk = client_of(sandbox).walk_phones(boundaries=known[1:], expected_count=len(before), limit=CHURN_LIMIT)

        found = set(ids_of(walk))
        missed = before - churn.removed - found

        assert missed == set(), f"seed {seed}: {len(missed)} phones missed, gap {walk.gap}"
        complete_count += walk.is_complete

    assert complete_count >= PASSES * 0.98


def test_pages_read_by_number_at_once_do_miss_phones(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("CRITICAL", logger="phones.diga")
    missed_count = 0
    for seed in range(5):
        sandbox, churn, before = busy_list(seed)
        client = client_of(sandbox)
        pages = range(1, len(before) // CHURN_LIMIT + 2)
        with ThreadPoolExecutor(8) as pool:
            read = list(
                pool.map(lambda number, client=client: client.list_phones(page=number, limit=CHURN_LIMIT), pages)
            )
        missed_count += len(before - churn.removed - {phone.id for page in read for phone in page.data})

    assert missed_count > 0


def test_complete_is_not_said_where_a_forgotten_cursor_begins_anew(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("CRITICAL", logger="phones.diga")
    missed_passes = 0
    for seed in range(20):
        sandbox, churn, before = busy_list(seed)
        sandbox.switches.deleted_cursor = "restarts"
        walk = client_of(sandbox).walk_phones(limit=CHURN_LIMIT)

        found = set(ids_of(walk))
        missed = before - churn.removed - found

        missed_passes += bool(missed)
        assert not (missed and walk.is_complete), f"seed {seed}"

    assert missed_passes > 0
