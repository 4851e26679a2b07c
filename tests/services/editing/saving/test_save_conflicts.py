"""The three-way compare (promise 3): what others changed meanwhile is merged or shown, and never overwritten."""

from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from phones.diga import UNSET
from phones.diga.sandbox import Sandbox
from phones.models import Change, Outcome, Phone, Project
from phones.services.editing.guard import impacts_of
from phones.services.editing.result import SaveKind
from phones.services.routing.edits import PhoneEdit, PhoneSnapshot
from phones.services.routing.impact import fingerprint
from phones.services.routing.lanes import FIELDS, Target
from tests.support.desk.saving import forget_waiting, held, is_true_copy, not_saved, patches, save, sent, stored, target


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    forget_waiting(monkeypatch)


def test_changed_field_that_was_left_alone_is_merged_and_mentioned(
    sandbox: Sandbox, aurora: Project, sales_phone: Phone
) -> None:
    held(sandbox, sales_phone).nickname = "Renamed in Diga"
    alicia = target(aurora, "Alicia", 5)

    saved = save(sales_phone, PhoneEdit(inbound=alicia))

    assert saved.merged == ("nickname",)
    assert sent(sandbox) == [{"inbound_version_id": str(alicia.version.id)}]
    assert (saved.change.outcome, list(saved.change.before)) == (Outcome.CONFIRMED, ["inbound"])
    assert stored(sales_phone).nickname == "Renamed in Diga"
    assert is_true_copy(sandbox, sales_phone)


def test_changed_agents_are_merged_into_a_rename(sandbox: Sandbox, aurora: Project, sales_phone: Phone) -> None:
    row = held(sandbox, sales_phone)
    row.inbound_agent_id, row.outbound_agent_id = None, target(aurora, "Alicia", 5).agent.id

    saved = save(sales_phone, PhoneEdit(nickname="Ventas"))

    assert saved.merged == ("inbound", "outbound")
    assert sent(sandbox) == [{"nickname": "Ventas"}]
    assert is_true_copy(sandbox, sales_phone)


@pytest.mark.parametrize("field", FIELDS)
def test_same_field_changed_by_two_is_a_conflict_and_nothing_is_written(
    sandbox: Sandbox, aurora: Project, sales_phone: Phone, field: str
) -> None:
    carla, alicia = target(aurora, "Carla", 4), target(aurora, "Alicia", 5)
    wanted = {
        "nickname": PhoneEdit(nickname="Mine"),
        "inbound": PhoneEdit(inbound=alicia),
        "outbound": PhoneEdit(outbound=alicia),
    }[field]
    base = PhoneSnapshot.of(sales_phone)
    theirs = PhoneSnapshot("Theirs", carla.agent.id, carla.agent.id)
    column = "nickname" if field == "nickname" else f"{field}_agent_id"
    setattr(held(sandbox, sales_phone), column, theirs.value(field))

    with not_saved(SaveKind.CONFLICT) as conflict:
        save(sales_phone, wanted)

    assert conflict.value.result.fields == (field,)
    assert conflict.value.now == PhoneSnapshot.of(stored(sales_phone))
    assert conflict.value.now == replace(base, **{column: theirs.value(field)})  # type: ignore[arg-type]
    assert patches(sandbox) == []
    assert set(Change.objects.values_list("source", flat=True)) == {"OUTSIDE"}
    assert is_true_copy(sandbox, sales_phone)


def test_conflict_in_one_field_holds_back_the_others_too(sandbox: Sandbox, aurora: Project, sales_phone: Phone) -> None:
    held(sandbox, sales_phone).nickname = "Theirs"

    with not_saved(SaveKind.CONFLICT) as conflict:
        save(sales_phone, PhoneEdit("Mine", inbound=target(aurora, "Alicia", 5)))

    assert conflict.value.result.fields == ("nickname",)
    assert patches(sandbox) == []


def test_conflict_is_with_what_was_seen_not_with_our_copy(sandbox: Sandbox, sales_phone: Phone) -> None:
    seen = replace(PhoneSnapshot.of(sales_phone), nickname="Shown an hour ago")

    with not_saved(SaveKind.CONFLICT) as conflict:
        save(sales_phone, PhoneEdit(nickname="Mine"), base=seen)

    assert conflict.value.now == PhoneSnapshot.of(sales_phone)
    assert patches(sandbox) == []


def test_unassigning_what_somebody_gave_another_agent_is_a_conflict(
    sandbox: Sandbox, aurora: Project, sales_phone: Phone
) -> None:
    held(sandbox, sales_phone).inbound_agent_id = target(aurora, "Alicia", 5).agent.id

    with not_saved(SaveKind.CONFLICT) as conflict:
        save(sales_phone, PhoneEdit(inbound=None))

    assert conflict.value.result.fields == ("inbound",)
    assert patches(sandbox) == []


def test_agent_that_somebody_gave_already_is_no_conflict_and_gets_the_version(
    sandbox: Sandbox, aurora: Project, sales_phone: Phone
) -> None:
    alicia = target(aurora, "Alicia", 5)
    held(sandbox, sales_phone).inbound_agent_id = alicia.agent.id

    saved = save(sales_phone, PhoneEdit(inbound=alicia))

    assert (saved.change.outcome, saved.merged) == (Outcome.CONFIRMED, ())
    assert sent(sandbox) == [{"inbound_version_id": str(alicia.version.id)}]


@pytest.mark.parametrize(("seen", "now"), [(None, ""), ("", None)])
def test_no_nickname_and_an_empty_one_are_the_same(
    sandbox: Sandbox, spare_phone: Phone, seen: str | None, now: str | None
) -> None:
    held(sandbox, spare_phone).nickname = now

    saved = save(spare_phone, PhoneEdit(nickname="Named"), base=replace(PhoneSnapshot.of(spare_phone), nickname=seen))

    assert (saved.change.outcome, saved.merged) == (Outcome.CONFIRMED, ())


def test_two_tabs_one_after_the_other(sandbox: Sandbox, sales_phone: Phone) -> None:
    seen_in_both = PhoneSnapshot.of(sales_phone)

    save(stored(sales_phone), PhoneEdit(nickname="First tab"), base=seen_in_both)
    with not_saved(SaveKind.CONFLICT) as conflict:
        save(stored(sales_phone), PhoneEdit(nickname="Second tab"), base=seen_in_both)

    assert conflict.value.now.nickname == "First tab"
    assert sent(sandbox) == [{"nickname": "First tab"}]


NICKNAMES = st.sampled_from(["", "Alfa", "Beta", "Gamma"])
AGENTS = st.sampled_from(["", "Alicia 5", "Bruno 2", "Carla 4"])
STATES = st.fixed_dictionaries({"nickname": NICKNAMES, "inbound": AGENTS, "outbound": AGENTS})
WISHES = st.fixed_dictionaries({}, optional={"nickname": NICKNAMES, "inbound": AGENTS, "outbound": AGENTS})
Values = dict[str, str]


def _target(project: Project, text: str) -> Target | None:
    """Return the version written so, `Alicia 5`, or None for ""."""
    name, _blank, number = text.partition(" ")
    return target(project, name, int(number)) if text else None


def _base(project: Project, values: Values) -> PhoneSnapshot:
    lanes = (_target(project, values[lane]) for lane in ("inbound", "outbound"))
    return PhoneSnapshot(values["nickname"] or None, *(found.agent.id if found else None for found in lanes))


def _edit(project: Project, wish: Values) -> PhoneEdit:
    wanted: dict[str, Any] = {
        name: text if name == "nickname" else _target(project, text) for name, text in wish.items()
    }
    return PhoneEdit(**wanted)


@settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(seen=STATES, now=STATES, wish=WISHES)
def test_nothing_that_others_changed_is_ever_overwritten(
    sandbox: Sandbox, aurora: Project, spare_phone: Phone, seen: Values, now: Values, wish: Values
) -> None:
    base, there, wanted = _base(aurora, seen), _base(aurora, now), _edit(aurora, wish)
    row, phone = held(sandbox, spare_phone), stored(spare_phone)
    row.nickname, row.inbound_agent_id, row.outbound_agent_id = (
        there.nickname,
        there.inbound_agent_id,
        there.outbound_agent_id,
    )
    sandbox.journal.clear()
    moved = {name for name in FIELDS if seen[name] != now[name]}
    clashes = {name for name in moved & set(wish) if now[name] != wish[name]}
    # A read can't tell whether a lane runs the wanted version, so an agent is sent even where it is there.
    is_done = all(now[name] == text and (name == "nickname" or not text) for name, text in wish.items())
    refusal = SaveKind.CONFLICT if clashes else SaveKind.NOTHING_TO_CHANGE if is_done else None
    expectation: AbstractContextManager[Any] = not_saved(refusal) if refusal else nullcontext()

    with expectation as refused:
        agreed = fingerprint(impacts_of(phone, wanted.remaining(there)))
        saved = save(phone, wanted, base=base, agreed=agreed)

    expected = _base(aurora, now if refusal else now | wish)
    after = PhoneSnapshot(row.nickname, row.inbound_agent_id, row.outbound_agent_id)
    assert [after.value(name) for name in FIELDS] == [expected.value(name) for name in FIELDS]
    assert len(patches(sandbox)) == (0 if refusal else 1)
    assert is_true_copy(sandbox, spare_phone) or not wish
    if refusal is None:
        assert (set(saved.merged), saved.change.outcome) == (moved - set(wish), Outcome.CONFIRMED)
    elif clashes:
        assert set(refused.value.result.fields) == clashes


def test_update_has_only_what_is_wanted() -> None:
    assert PhoneEdit("A", inbound=None).update().body() == {"nickname": "A", "inbound_version_id": None}
    assert PhoneEdit("").update().body() == {"nickname": None}
    assert PhoneEdit().update().body() == {}
    assert PhoneEdit(nickname=UNSET).is_empty
