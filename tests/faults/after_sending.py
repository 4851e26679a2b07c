"""Rows 4 to 9, 17 and 25 to 28: the write has left, and its answer is lost or can't be believed."""

import threading
import time
import tracemalloc
from datetime import timedelta
from typing import Any

from django.db import connections

from phones import diga
from phones.models import Change, Outcome, Phone
from phones.services.projects import clients
from phones.services.projects.clients import client_for
from phones.services.routing.edits import PhoneEdit
from tests.faults.stage import LIST, Stage, recorder, row
from tests.support.desk.saving import (
    before_answering,
    forget_waiting,
    is_true_copy,
    patches,
    reading_back_fails,
    stored,
    target,
)
from tests.support.pages.pages import read, words

MEGABYTE = 2**20


def outcomes(stage: Stage, kind: Any, **options: Any) -> list[str]:
    """Save while Diga does not carry it out, then while it does; each is one write, and our copy is true after it.

    Each is what the change has come to when Diga can't apply it any more; until then it is never said to have failed.
    """
    found: list[str] = []

    def rename() -> None:
        change = stage.rename()
        assert change.outcome != Outcome.FAILED
        found.append(stage.settled(change))

    for when in ("before", "after"):
        stage.plan(kind, when=when, **options)
        assert stage.sent_by(rename) == 1
        assert is_true_copy(stage.sandbox, stage.phone)
    return found


TOLD_APART = [Outcome.FAILED, Outcome.CONFIRMED]


@row(4)
def accepted_then_silence(stage: Stage) -> None:
    """Taken, not carried out, not answered: the old value says so after a minute, and the save can be tried again."""
    forget_waiting(stage.monkeypatch, read_timeout=0.3)
    stage.plan("hang", when="before", seconds=1.0)

    lost = stage.rename()
    requests = [request.method for request in stage.sandbox.journal[-2:]]
    told_at_once = lost.outcome
    told_later = stage.settled(lost)
    again = stage.rename()

    assert (told_at_once, lost.cause, requests) == (Outcome.UNKNOWN, "timeout", ["PATCH", "GET"])
    assert told_later == Outcome.FAILED
    assert again.outcome == Outcome.CONFIRMED


@row(5)
def applied_then_silence(stage: Stage) -> None:
    """Carried out and not answered: reading back confirms it; it was sent once."""
    forget_waiting(stage.monkeypatch, read_timeout=0.3)
    stage.plan("hang", when="after", seconds=1.0)

    change = stage.rename()

    assert (change.outcome, change.cause) == (Outcome.CONFIRMED, "timeout")
    assert len(patches(stage.sandbox)) == 1
    assert is_true_copy(stage.sandbox, stage.phone)


@row(6)
def applied_then_cut(stage: Stage) -> None:
    """Carried out, then closed or reset: as if it had been silent."""
    for kind in ("close", "reset"):
        stage.plan(kind, when="after")

        change = stage.rename()

        assert (change.outcome, change.cause) == (Outcome.CONFIRMED, "disconnected")
    assert len(patches(stage.sandbox)) == 2
    assert is_true_copy(stage.sandbox, stage.phone)


@row(7)
def idle_connection_closed(stage: Stage) -> None:
    """The kept connection was closed just then: never seen by Diga, sent again on a fresh one, nobody notices."""
    stage.sandbox.switches.idle_close_seconds = 0.02
    found: list[str] = []
    for number in range(25):
        time.sleep((number % 5) * 0.01)
        found.append(stage.rename().outcome)
    stage.sandbox.switches.idle_close_seconds = None
    clients.session.cache_clear()
    for number in range(10):
        stage.plan("close" if number % 2 else "reset", when="before")
        found.append(stage.rename().outcome)

    assert set(found) == {Outcome.CONFIRMED}
    assert sum(request.applied for request in patches(stage.sandbox)) == 35
    assert len(patches(stage.sandbox)) == 45


@row(8)
def reading_back_fails_too(stage: Stage) -> None:
    """Not known: shown so, looked at again more and more seldom until Diga answers, even after a day; never re-sent."""
    stage.plan("status", status=502, when="after")
    with reading_back_fails(stage.sandbox):
        change = stage.rename()
    page = words(read(stage.client.get(f"/projects/{stage.project.slug}/changes/?outcome=UNKNOWN")))
    looks = 0
    for _minutes in range(40):
        stage.let_pass(timedelta(hours=1))
        stage.sweep()
        looks = Change.objects.get(pk=change.pk).look_count

    change.refresh_from_db()
    silent = change.outcome, change.settled_at
    stage.sandbox.faults.clear()
    stage.let_pass(timedelta(days=1))

    assert stage.phone.shown in page
    assert silent == (Outcome.UNKNOWN, None)
    assert 6 <= looks <= 24
    assert stage.settled(change) == Outcome.CONFIRMED
    assert len(patches(stage.sandbox)) == 1


@row(9)
def only_the_version_is_in_doubt(stage: Stage) -> None:
    """The phone can't tell its version, so the agent is read; where that can't tell either, it is not known."""
    urgent = Phone.objects.get(project=stage.project, nickname="Urgencias 24 h")
    aurora = stage.sandbox.projects["aurora"]
    elena = aurora.agent("Elena")
    # Nobody else has the agent, so that Diga publishes another version of it for this phone.
    for other in aurora.phones_of(elena.id):
        if other.id != urgent.pk:
            other.inbound_agent_id = other.outbound_agent_id = None
    stage.sync()
    wanted = PhoneEdit(inbound=target(stage.project, "Elena", 2))

    stage.plan("status", status=502, when="before")
    untouched = stage.save(wanted, urgent)
    stage.settled(untouched)
    stage.plan("status", status=502, when="after")
    applied = stage.save(wanted, urgent)
    stage.plan("status", status=502, when="before")
    back = PhoneEdit(inbound=target(stage.project, "Elena", 3))
    with before_answering(stage.sandbox, "PATCH", lambda: setattr(elena, "published_id", elena.version(1).id)):
        in_doubt = stage.save(back, urgent)

    assert (untouched.outcome, applied.outcome) == (Outcome.FAILED, Outcome.CONFIRMED)
    assert in_doubt.outcome == Outcome.UNKNOWN
    assert target(stage.project, "Elena", 1).version.is_published is True


@row(17)
def server_error_on_a_write(stage: Stage) -> None:
    """A gateway may hide a write that was applied: reading decides, and nothing is sent twice."""
    for status in (500, 502, 503, 504):
        assert outcomes(stage, "status", status=status) == TOLD_APART


@row(25)
def dripping_answer(stage: Stage) -> None:
    """The whole call has a deadline; reading decides; pages go on meanwhile."""
    forget_waiting(stage.monkeypatch, deadline=0.8)
    for kind in ("drip", "drip_header"):
        started_at = time.monotonic()
        assert outcomes(stage, kind, seconds=0.05) == TOLD_APART
        assert time.monotonic() - started_at < 2 * 1.8

    stage.plan("drip", method="GET", path=f"{LIST}{stage.phone.pk}", times=8, seconds=0.05)
    client = client_for(stage.project)
    threads = [threading.Thread(target=_read_slowly, args=(client, stage.phone)) for _ in range(8)]
    for thread in threads:
        thread.start()
    page = stage.client.get(stage.list_path)
    is_during = any(thread.is_alive() for thread in threads)
    for thread in threads:
        thread.join()

    assert (page.status_code, is_during) == (200, True)


def _read_slowly(client: diga.DigaClient, phone: Phone) -> None:
    try:
        client.get_phone(phone.pk)
    except diga.DigaUnavailable:
        return
    finally:
        connections.close_all()


@row(26)
def bomb(stage: Stage) -> None:
    """200 kB that would become 200 MB: no more than 10 MB of it are ever unpacked, and reading decides."""
    stage.plan("bomb", when="after")
    tracemalloc.start()
    try:
        change = stage.rename()
        _now, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert (change.outcome, change.cause) == (Outcome.CONFIRMED, "too_large")
    assert peak < 32 * MEGABYTE


@row(27)
def giant_header(stage: Stage) -> None:
    """A broken answer like any other: reading decides."""
    assert outcomes(stage, "big_header") == TOLD_APART


@row(28)
def redirect(stage: Stage) -> None:
    """Never followed: another host receives nothing, and reading decides."""
    with recorder() as elsewhere:
        for status in (301, 302, 303, 307, 308):
            for location in (f"{elsewhere.url}{LIST}{stage.phone.pk}", f"{LIST}{stage.phone.pk}"):
                assert outcomes(stage, "redirect", status=status, location=location) == TOLD_APART

        assert elsewhere.sandbox.journal == []
    assert stored(stage.phone).nickname is not None
