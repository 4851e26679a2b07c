"""Rows 38 to 40: a person clicks twice, two people meet, and a clock is wrong."""

import uuid
from datetime import timedelta
from functools import partial

import time_machine
from django.utils import timezone

from phones.models import Change, Outcome, Phone, Source, SyncState
from phones.services.editing.result import SaveKind
from phones.services.routing.edits import PhoneEdit, PhoneSnapshot
from phones.services.sync.passes import UNTAKEN_LIMIT, claim_sync
from tests.faults.stage import Stage, row, together
from tests.support.desk.saving import (
    NotSaved,
    before_answering,
    held,
    is_true_copy,
    not_saved,
    patches,
    save,
    sent,
    stored,
)

PAIRS = 15


@row(38)
def form_sent_twice(stage: Stage) -> None:
    """Two sends of one form at the same moment are one write, and both get its result."""
    for number in range(PAIRS):
        token = uuid.uuid4()
        name = f"Clicked twice {number}"

        first, second = together(*[partial(stage.rename, name=name, form_token=token)] * 2)

        assert isinstance(first, Change), repr(first)
        assert first == second
        assert first.outcome == Outcome.CONFIRMED
    assert len(patches(stage.sandbox)) == PAIRS == Change.objects.count()


@row(39)
def two_editors_at_once(stage: Stage) -> None:
    """One is saved, the other is asked: nothing of anybody's is overwritten unseen."""
    for number in range(PAIRS):
        seen = PhoneSnapshot.of(stored(stage.phone))
        names = [f"Ana {number}", f"Luis {number}"]

        found = together(*(partial(stage.rename, name=name, base=seen) for name in names))

        (kept,) = [each for each in found if isinstance(each, Change)]
        (asked,) = [each for each in found if isinstance(each, NotSaved)]
        assert (asked.result.kind, asked.result.fields) == (SaveKind.CONFLICT, ("nickname",))
        assert asked.now.nickname == kept.after["nickname"] == held(stage.sandbox, stage.phone).nickname
    assert len(patches(stage.sandbox)) == PAIRS

    # What is left: somebody in Diga's own dashboard, between our read and our write. It is written down.
    def be_quicker() -> None:
        held(stage.sandbox, stage.phone).outbound_agent_id = None

    with before_answering(stage.sandbox, "PATCH", be_quicker):
        stage.rename()
    outside = Change.objects.get(source=Source.OUTSIDE)
    assert (list(outside.after), outside.after["outbound"]) == (["outbound"], None)
    assert is_true_copy(stage.sandbox, stage.phone)


@row(40)
def clock_jumps(stage: Stage) -> None:
    """An hour on or back: the diary is in the order of its making, and nobody overwrites what a late clock hides."""
    names: list[str] = []
    now = timezone.now()
    for hours in (1, -1, 0):
        with time_machine.travel(now + timedelta(hours=hours), tick=True):
            change = stage.rename()
            names.append(change.after["nickname"])
            assert (change.outcome, is_true_copy(stage.sandbox, stage.phone)) == (Outcome.CONFIRMED, True)
    with time_machine.travel(now - timedelta(hours=1), tick=True):
        held(stage.sandbox, stage.phone).nickname = "Renamed in Diga"
        with not_saved(SaveKind.CONFLICT) as conflict:
            stage.rename()

    ours = Change.objects.filter(source=Source.FORM).order_by("pk")
    assert [change.after["nickname"] for change in ours] == names
    assert conflict.value.now.nickname == "Renamed in Diga"
    assert len(sent(stage.sandbox)) == 3
    assert (
        save(stored(stage.phone), PhoneEdit(nickname="At last"), base=conflict.value.now).change.outcome == "CONFIRMED"
    )
    assert Phone.objects.filter(nickname="At last").count() == 1

    # Passes: what was read by the late clock is no newer, and none keeps the project busy.
    with time_machine.travel(now + timedelta(hours=1), tick=True):
        stage.sync()
        claim_sync(project=stage.project, now=stage.clock())
    held(stage.sandbox, stage.phone).nickname = "Renamed in Diga again"
    # By the database's clock, where it has one of its own, that pass was claimed just now.
    stage.let_pass(UNTAKEN_LIMIT + timedelta(seconds=1))
    assert (stage.sync().state, is_true_copy(stage.sandbox, stage.phone)) == (SyncState.COMPLETE, True)
