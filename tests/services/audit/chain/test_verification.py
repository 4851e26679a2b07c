"""The diary's chain grows with every entry, and each kind of tampering shows and is named."""

import uuid
from datetime import timedelta
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction
from pytest_django import Settings

from phones.models import ChainHead, Change, ChangeSeal, LaneSnapshot, Outcome, Phone, Project, SealKind, Source
from phones.services.audit import log
from phones.services.audit.chain import verification
from phones.services.audit.chain.hashing import EVERY_FIELD
from phones.services.audit.chain.heads import head_path
from phones.services.audit.chain.verification import verify_guards, verify_log
from tests.fixtures.desk import make_user
from tests.fixtures.diary import NOON, entry, settle
from tests.support.database.tampering import run_sql, tamper, unguarded

pytestmark = pytest.mark.django_db(transaction=True)

LANE = LaneSnapshot(uuid.UUID(int=0xABC), "Alicia", uuid.UUID(int=2), 5)


def faults(phone: Phone) -> list[str]:
    """Return what is found wrong with the project's diary."""
    verdict = verify_log(project=phone.project)
    assert verdict.fault_count == len(verdict.faults)
    return verdict.faults


def alter(change: Change, **values: Any) -> None:
    """Overwrite columns of an entry past every guard."""
    with unguarded():
        Change.objects.filter(pk=change.pk).update(**values)


def test_untouched_diary_is_as_written(quiet_phone: Phone, written: list[Change]) -> None:
    log.begin([entry(quiet_phone)])
    log.record_observed(
        [entry(quiet_phone, source=Source.OUTSIDE, outcome=Outcome.OBSERVED, seen_from=NOON) for _number in range(2)]
    )

    verdict = verify_log(project=quiet_phone.project)

    assert (verdict.change_count, verdict.seal_count, verdict.faults) == (6, 9, [])
    assert verify_guards() == []


def test_values_of_every_kind_are_read_back_as_they_were_sealed(quiet_phone: Phone, written: list[Change]) -> None:
    odd = {
        "nickname": "<ñ>\n\"'\\ 😀\u202e",
        "inbound": None,
        "outbound": {"b": [1.5, 10**15, True], "agent_id": str(uuid.uuid4())},
    }
    change = entry(
        quiet_phone,
        source=Source.REVERT,
        reverts=written[0],
        before=odd,
        after=odd,
        created_at=NOON + timedelta(microseconds=1),
        form_token=uuid.uuid4(),
    )
    log.begin([change])
    change.stored, change.duration_ms, change.message = odd, 12, "Diga’s words"
    settle(change, Outcome.MISMATCH)

    assert faults(quiet_phone) == []


def test_unknown_outcome_is_sealed_and_sealed_again(quiet_phone: Phone) -> None:
    change = entry(quiet_phone)
    log.begin([change])
    for outcome in (Outcome.UNKNOWN, Outcome.CONFIRMED):
        settle(change, outcome)

    kinds = list(ChangeSeal.objects.order_by("number").values_list("kind", flat=True))

    assert kinds == ["BEGUN", "SETTLED", "SETTLED"]
    assert faults(quiet_phone) == []


def test_looking_again_later_is_no_part_of_the_story(quiet_phone: Phone, written: list[Change]) -> None:
    Change.objects.update(next_look_at=NOON + timedelta(hours=1), look_count=3, actor=None)

    assert faults(quiet_phone) == []


def test_entry_that_is_refused_leaves_no_seal(quiet_phone: Phone, written: list[Change]) -> None:
    with pytest.raises(IntegrityError):
        log.begin([entry(quiet_phone, form_token=written[0].form_token)])

    assert ChangeSeal.objects.count() == 6
    assert faults(quiet_phone) == []


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("reason", "forged"),
        ("ticket", "forged"),
        ("actor_name", "forged"),
        ("number", "forged"),
        ("source", "REVERT"),
        ("after", {}),
        ("before", {"nickname": "forged"}),
        ("created_at", NOON),
        ("form_token", None),
    ],
)
def test_altered_wish_shows(quiet_phone: Phone, written: list[Change], column: str, value: Any) -> None:
    alter(written[1], **{column: value})

    assert faults(quiet_phone) == [f"Change {written[1].pk} was altered: what was wanted is not what was written."]


@pytest.mark.parametrize(
    "forged",
    [{"agent_name": "Bruno"}, {"agent_id": str(LANE.agent_id).upper()}, {"agent_id": "none"}, {"more": 1}, {}],
    ids=str,
)
def test_altered_lane_shows_whatever_was_put_in_its_place(quiet_phone: Phone, forged: dict[str, Any]) -> None:
    change = entry(quiet_phone, after={"inbound": LANE})
    log.begin([change])
    settle(change)

    alter(change, after={"inbound": LANE.to_json() | forged})

    told = f"Change {change.pk} was altered: what was wanted is not what was written."
    assert faults(quiet_phone) == ([told] if forged else [])


@pytest.mark.parametrize(
    ("column", "value"),
    [("outcome", "FAILED"), ("outcome", "PENDING"), ("http_status", None), ("message", "forged"), ("settled_at", NOON)],
)
def test_altered_ending_shows(quiet_phone: Phone, written: list[Change], column: str, value: Any) -> None:
    alter(written[1], **{column: value})

    assert faults(quiet_phone) == [f"Change {written[1].pk} was altered: it is not what was written when it ended."]


def test_forged_ending_of_a_pending_entry_shows(quiet_phone: Phone) -> None:
    change = entry(quiet_phone)
    log.begin([change])

    # No trigger minds: settling is what is still to come.
    run_sql("UPDATE phones_change SET outcome = 'CONFIRMED' WHERE id = %s", change.pk)

    assert faults(quiet_phone) == [f"Change {change.pk} was altered: it has an ending that was never written."]


def test_entry_put_in_past_the_diary_shows(quiet_phone: Phone, written: list[Change]) -> None:
    forged = entry(quiet_phone)
    forged.save()

    assert faults(quiet_phone) == [f"Change {forged.pk} has no seal: it was put in by other means."]


def test_deleted_entry_shows(quiet_phone: Phone, written: list[Change]) -> None:
    tamper("DELETE FROM phones_change WHERE id = %s", written[1].pk)

    assert faults(quiet_phone) == [
        f"Change {written[1].pk} is gone: it was deleted, or moved to another project.",
    ]


def test_entry_deleted_with_its_seals_shows(quiet_phone: Phone, written: list[Change]) -> None:
    tamper("DELETE FROM phones_changeseal WHERE change_id = %s", written[1].pk)
    tamper("DELETE FROM phones_change WHERE id = %s", written[1].pk)

    assert faults(quiet_phone) == ["Seals 3 to 4 are gone."]


def test_deleted_seals_show(quiet_phone: Phone, written: list[Change]) -> None:
    tamper("DELETE FROM phones_changeseal WHERE change_id = %s", written[1].pk)

    assert faults(quiet_phone) == [
        "Seals 3 to 4 are gone.",
        f"Change {written[1].pk} has no seal: it was put in by other means.",
    ]


def test_entry_moved_to_another_project_shows(quiet_phone: Phone, written: list[Change]) -> None:
    other = Project.objects.create(name="South", slug="south")
    alter(written[2], project=other)

    assert faults(quiet_phone) == [f"Change {written[2].pk} is gone: it was deleted, or moved to another project."]
    assert verify_log(project=other).faults == [
        f"Change {written[2].pk} has no seal: it was put in by other means.",
    ]


def test_swapped_entries_show(quiet_phone: Phone, written: list[Change]) -> None:
    first, second = written[0].pk, written[1].pk
    tamper(
        "UPDATE phones_change SET reason = CASE id WHEN %s THEN 'Reason 1' ELSE 'Reason 0' END WHERE id IN (%s, %s)",
        first,
        first,
        second,
    )

    assert [fault.split(" was")[0] for fault in faults(quiet_phone)] == [f"Change {first}", f"Change {second}"]


def test_swapped_seals_show(quiet_phone: Phone, written: list[Change]) -> None:
    for old, new in ((2, 99), (3, 2), (99, 3)):
        tamper("UPDATE phones_changeseal SET number = %s WHERE number = %s", new, old)

    *found, noted = faults(quiet_phone)
    assert [fault.partition(", of")[0] for fault in found] == ["Seal 2", "Seal 3", "Seal 4"]
    assert noted == f"Seal 2 is not the one that line 2 of {head_path(quiet_phone.project_id)} notes."


def test_every_line_of_the_file_is_compared(quiet_phone: Phone, written: list[Change]) -> None:
    path = head_path(quiet_phone.project_id)
    lines = path.read_text().splitlines()
    assert [line[:20] for line in lines] == [f"{number:020d}" for number in range(1, 7)]

    path.write_text("\n".join([*lines[:2], f"{lines[2][:-1]}x", *lines[3:], ""]))
    assert faults(quiet_phone) == [f"Seal 3 is not the one that line 3 of {path} notes."]
    path.write_text("\n".join([lines[0], lines[2], lines[1], *lines[3:], ""]))
    assert faults(quiet_phone) == [f"{path} was altered: line 3 does not follow from the one before."]
    path.write_text("\n".join([lines[0], "rubbish", *lines[2:], ""]))
    assert faults(quiet_phone) == [f"{path} was altered: line 3 does not follow from the one before."]
    # A machine may have written some of them only.
    path.write_text("\n".join([lines[0], *lines[3:], ""]))
    assert faults(quiet_phone) == []


@pytest.mark.parametrize(("column", "value"), [("kind", "BEGUN"), ("digest", "0" * 64)])
def test_altered_seal_shows(quiet_phone: Phone, written: list[Change], column: str, value: str) -> None:
    with unguarded():
        ChangeSeal.objects.filter(number=2).update(**{column: value})

    assert faults(quiet_phone)[0] == (
        f"Seal 2, of change {written[0].pk}, was altered, moved or made with another key."
    )


def cut_off(change: Change | None = None) -> None:
    """Delete an entry and all later ones, or all there are, with the seals, and end the chain there."""
    first = change.pk if change else 0
    tamper("DELETE FROM phones_changeseal WHERE change_id >= %s", first)
    tamper("DELETE FROM phones_change WHERE id >= %s", first)
    last = ChangeSeal.objects.order_by("number").last()
    ChainHead.objects.update(number=last.number if last else 0, mac=last.mac if last else "")


@pytest.mark.parametrize("is_all", [False, True])
def test_end_cut_off_shows(quiet_phone: Phone, written: list[Change], is_all: bool) -> None:
    cut_off(None if is_all else written[2])

    path, left = head_path(quiet_phone.project_id), 0 if is_all else 4
    assert faults(quiet_phone) == [f"The chain was cut off: it ends with seal {left}, and {path} notes seal 6."]


def test_end_cut_off_carelessly_shows_without_the_file_too(quiet_phone: Phone, written: list[Change]) -> None:
    tamper("DELETE FROM phones_changeseal WHERE change_id = %s", written[2].pk)
    tamper("DELETE FROM phones_change WHERE id = %s", written[2].pk)

    assert faults(quiet_phone)[0] == "The chain ends with seal 4, and was left at seal 6."


def chain_anew(phone: Phone) -> None:
    """Seal the entries as they are now, as if they had been written so."""
    path = head_path(phone.project_id)
    noted = path.read_text()
    tamper("DELETE FROM phones_changeseal")
    ChainHead.objects.all().delete()
    with transaction.atomic():
        for change in Change.objects.order_by("pk"):
            log._seal(phone.project, [(change, SealKind.BEGUN), (change, SealKind.SETTLED)])
    path.write_text(noted)


@pytest.mark.parametrize("has_key", [False, True])
def test_chain_made_anew_shows(quiet_phone: Phone, written: list[Change], settings: Settings, has_key: bool) -> None:
    right_key = settings.DIARY_KEY
    tamper("UPDATE phones_change SET reason = 'forged' WHERE id = %s", written[1].pk)
    if not has_key:
        settings.DIARY_KEY = "a key that somebody else has made up, long enough"
    chain_anew(quiet_phone)
    settings.DIARY_KEY = right_key

    found = faults(quiet_phone)

    path = head_path(quiet_phone.project_id)
    assert found[-1] == f"The chain was made anew: seal 6 is not the one that {path} notes."
    assert len(found) == (1 if has_key else 7)


def test_spoiled_and_missing_file_of_the_end_show(quiet_phone: Phone, written: list[Change]) -> None:
    path = head_path(quiet_phone.project_id)
    path.write_text("00000000000000000006 half a ha")
    spoiled = faults(quiet_phone)
    path.unlink()
    missing = faults(quiet_phone)

    assert spoiled == [f"{path} can’t be read or was spoiled: nobody can say whether the chain was cut off."]
    assert missing == [f"{path} is gone: nobody can say whether the chain was cut off."]


def test_many_faults_are_counted_and_the_first_named(
    quiet_phone: Phone, written: list[Change], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(verification, "NAMED_FAULTS", 2)
    tamper("UPDATE phones_change SET reason = 'forged'")

    verdict = verify_log(project=quiet_phone.project)

    assert (len(verdict.faults), verdict.fault_count) == (2, 3)


def test_every_column_of_a_change_is_sealed_or_known_to_move() -> None:
    # The actor’s id is compared with `actor_number`, which is sealed.
    moving = {"actor_id", "answer_lost_at", "next_look_at", "look_count"}

    columns = {field.attname for field in Change._meta.concrete_fields}

    assert columns == {*EVERY_FIELD, *moving}


def test_missing_trigger_shows(quiet_phone: Phone) -> None:
    is_sqlite = connection.vendor == "sqlite"
    run_sql("DROP TRIGGER change_settled_once" if is_sqlite else "DROP TRIGGER change_settled_once ON phones_change")

    (fault,) = verify_guards()

    assert fault.startswith("The trigger change_settled_once is missing")


def test_account_that_a_change_is_ascribed_to_is_sealed(quiet_phone: Phone) -> None:
    ana, rita = make_user("ana"), make_user("rita")
    change = entry(quiet_phone, actor=ana, actor_name="Ana Ruiz")
    log.begin([change])
    settle(change)
    assert faults(quiet_phone) == []

    alter(change, actor=rita)
    assert faults(quiet_phone) == [f"Change {change.pk} was altered: it is ascribed to somebody else."]
    alter(change, actor=rita, actor_number=rita.pk, actor_username="rita")
    assert faults(quiet_phone) == [f"Change {change.pk} was altered: what was wanted is not what was written."]
    alter(change, actor=None, actor_number=ana.pk, actor_username="ana")
    assert faults(quiet_phone) == []


def test_project_without_changes_is_as_written(quiet_phone: Phone) -> None:
    assert faults(quiet_phone) == []
