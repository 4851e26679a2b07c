"""What Diga's documents leave open: under each plausible behaviour the outcome is true and the row is right."""

from typing import Any

import pytest

from phones.diga.sandbox import Key, Sandbox
from phones.models import Change, Outcome, Phone, Project
from phones.services.editing.result import SaveKind
from phones.services.projects import keys
from phones.services.routing.edits import PhoneEdit
from phones.services.routing.impact import Effect
from tests.support.desk.saving import (
    forget_waiting,
    held,
    is_true_copy,
    not_saved,
    patches,
    picture,
    reading_back_fails,
    save,
    sent,
    stored,
    target,
    unassigned,
)


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    forget_waiting(monkeypatch)


def settled(change: Change) -> tuple[str, int | None]:
    """Return what the diary has: the outcome and Diga's status."""
    change.refresh_from_db()
    return change.outcome, change.http_status


NULLS = [("take", Outcome.CONFIRMED, 200), ("ignore", Outcome.MISMATCH, 200), ("reject", Outcome.REFUSED, 422)]


@pytest.mark.parametrize(("behaviour", "outcome", "status"), NULLS)
@pytest.mark.parametrize("lane", ["inbound", "outbound"])
def test_null_for_an_agent(
    sandbox: Sandbox, sales_phone: Phone, behaviour: Any, outcome: Outcome, status: int, lane: str
) -> None:
    sandbox.switches.null_agent = "detach" if behaviour == "take" else behaviour
    had = getattr(sales_phone, f"{lane}_agent_id")

    change = save(sales_phone, unassigned(lane)).change

    assert settled(change) == (outcome, status)
    assert getattr(stored(sales_phone), f"{lane}_agent_id") == (None if outcome == Outcome.CONFIRMED else had)
    if outcome == Outcome.MISMATCH:
        assert change.stored[lane].agent_id == had
    assert len(patches(sandbox)) == 1
    assert is_true_copy(sandbox, sales_phone)


@pytest.mark.parametrize(("behaviour", "outcome", "status"), NULLS)
def test_null_for_a_nickname(
    sandbox: Sandbox, sales_phone: Phone, behaviour: Any, outcome: Outcome, status: int
) -> None:
    sandbox.switches.null_nickname = "clear" if behaviour == "take" else behaviour

    change = save(sales_phone, PhoneEdit(nickname="")).change

    assert settled(change) == (outcome, status)
    assert change.stored == ({"nickname": "Ventas Costa del Sol"} if outcome == Outcome.MISMATCH else {})
    assert is_true_copy(sandbox, sales_phone)


@pytest.mark.parametrize("shape", ["envelope", "validation"])
@pytest.mark.parametrize("status", [400, 409, 422])
def test_publish_refused_for_a_reason_we_did_not_know(
    sandbox: Sandbox, aurora: Project, spare_phone: Phone, status: int, shape: Any
) -> None:
    sandbox.switches.publish_refusal_status, sandbox.switches.publish_refusal_shape = status, shape
    elena = sandbox.projects["aurora"].agent("Elena")
    elena.published_id = elena.version(3).id
    before = picture(aurora)

    change = save(spare_phone, PhoneEdit(inbound=target(aurora, "Elena", 2))).change

    assert settled(change) == (Outcome.REFUSED, status)
    assert change.message == "Elena · Urgencias has another version published on another phone"
    assert change.cause == "rejected"
    assert len(patches(sandbox)) == 1
    assert picture(aurora) == before
    assert is_true_copy(sandbox, spare_phone)


@pytest.mark.parametrize(("can_rename", "expected"), [(True, ("CONFIRMED", 200)), (False, ("REFUSED", 400))])
@pytest.mark.parametrize("kind", ["reserved_phone", "pending_phone"])
def test_nickname_while_reserved(
    sandbox: Sandbox, request: pytest.FixtureRequest, kind: str, can_rename: bool, expected: tuple[str, int]
) -> None:
    sandbox.switches.nickname_while_reserved = can_rename
    phone: Phone = request.getfixturevalue(kind)

    change = save(phone, PhoneEdit(nickname="Alias")).change

    assert settled(change) == expected
    assert is_true_copy(sandbox, phone)


@pytest.mark.parametrize(("needs_right", "expected"), [(True, ("REFUSED", 403)), (False, ("CONFIRMED", 200))])
def test_right_to_agents_that_attaching_may_need(
    sandbox: Sandbox,
    aurora: Project,
    sales_phone: Phone,
    needs_right: bool,
    expected: tuple[str, int],
) -> None:
    sandbox.switches.patch_needs_agents_update = needs_right
    rights = frozenset({"phones.view", "phones.update", "agents.view"})
    sandbox.keys["sandbox-aurora-smallest"] = Key("sandbox-aurora-smallest", "aurora-smallest", "aurora", rights)
    aurora.keep_token("sandbox-aurora-smallest", by=None, at=aurora.created_at)
    aurora.save()

    attached = save(sales_phone, PhoneEdit(inbound=target(aurora, "Alicia", 5))).change
    aurora.refresh_from_db()
    can_write = aurora.can_write_phones
    renamed = save(stored(sales_phone), PhoneEdit(nickname="Ventas")).change

    assert settled(attached) == expected
    assert can_write is not needs_right
    assert settled(renamed) == (Outcome.CONFIRMED, 200)
    assert is_true_copy(sandbox, sales_phone)


@pytest.mark.parametrize("status", [404, 400, 422])
def test_version_that_is_gone(sandbox: Sandbox, aurora: Project, spare_phone: Phone, status: Any) -> None:
    sandbox.switches.unknown_version_status = status
    gema = target(aurora, "Gema", 1)
    del sandbox.agents[gema.agent.id]
    before = picture(aurora)

    change = save(spare_phone, PhoneEdit(inbound=gema)).change

    assert settled(change) == (Outcome.REFUSED, status)
    assert change.message == "No version has this id"
    assert picture(aurora) == before


@pytest.mark.parametrize("behaviour", ["atomic", "one_by_one"])
def test_refusal_of_one_direction_may_leave_the_other_applied(
    sandbox: Sandbox, aurora: Project, spare_phone: Phone, behaviour: Any
) -> None:
    sandbox.switches.both_directions = behaviour
    elena = sandbox.projects["aurora"].agent("Elena")
    elena.published_id = elena.version(3).id
    gema = target(aurora, "Gema", 1)

    change = save(spare_phone, PhoneEdit("New name", inbound=gema, outbound=target(aurora, "Elena", 2))).change

    assert len(patches(sandbox)) == 1
    assert is_true_copy(sandbox, spare_phone)
    assert change.message == "Elena · Urgencias has another version published on another phone"
    if behaviour == "atomic":
        assert settled(change) == (Outcome.REFUSED, 409)
        assert stored(spare_phone).inbound_agent_id is None
    else:
        assert settled(change) == (Outcome.MISMATCH, 409)
        assert change.stored["nickname"] == "New name"
        assert change.stored["inbound"].agent_id == gema.agent.id
        assert change.stored["outbound"] is None


def test_partial_refusal_that_cannot_be_read_back_is_unknown(
    sandbox: Sandbox, aurora: Project, spare_phone: Phone
) -> None:
    elena = sandbox.projects["aurora"].agent("Elena")
    elena.published_id = elena.version(3).id
    wanted = PhoneEdit("New name", inbound=target(aurora, "Elena", 2))

    with reading_back_fails(sandbox):
        change = save(spare_phone, wanted).change

    assert settled(change) == (Outcome.UNKNOWN, 409)
    assert change.settled_at is None
    assert len(patches(sandbox)) == 1


def test_refusal_of_a_single_field_is_not_read_back(sandbox: Sandbox, aurora: Project, spare_phone: Phone) -> None:
    elena = sandbox.projects["aurora"].agent("Elena")
    elena.published_id = elena.version(3).id
    wanted = PhoneEdit(inbound=target(aurora, "Elena", 2))
    sandbox.journal.clear()

    save(spare_phone, wanted)

    assert [request.method for request in sandbox.journal] == ["GET", "PATCH"]


def test_agents_are_asked_for_one_by_one_where_the_dropdown_is_refused(
    sandbox: Sandbox, aurora: Project, sales_phone: Phone
) -> None:
    sandbox.switches.dropdown_refused = True
    alicia = sandbox.projects["aurora"].agent("Alicia")
    alicia.published_id = alicia.version(4).id

    change = save(sales_phone, PhoneEdit(inbound=target(aurora, "Alicia", 4))).change

    assert settled(change) == (Outcome.CONFIRMED, 200)
    assert target(aurora, "Alicia", 4).version.is_published is True


def test_fields_that_are_left_out_are_null(sandbox: Sandbox, sales_phone: Phone) -> None:
    sandbox.switches.nulls_left_out = True

    change = save(sales_phone, PhoneEdit("", None, None)).change

    assert settled(change) == (Outcome.CONFIRMED, 200)
    assert sent(sandbox) == [{"nickname": None, "inbound_version_id": None, "outbound_version_id": None}]
    assert is_true_copy(sandbox, sales_phone)


def test_version_that_was_unpublished_when_unused_is_published_again(
    sandbox: Sandbox, aurora: Project, sales_phone: Phone
) -> None:
    sandbox.switches.unpublish_when_unused = True
    hugo = target(aurora, "Hugo", 7)
    for row in sandbox.projects["aurora"].phones_of(hugo.agent.id):
        row.inbound_agent_id = row.outbound_agent_id = None
    sandbox.agents[hugo.agent.id].published_id = None

    saved = save(sales_phone, PhoneEdit(inbound=hugo))

    assert [impact.effect for impact in saved.impacts] == [Effect.NO_PUBLISH]
    assert settled(saved.change) == (Outcome.CONFIRMED, 200)
    assert sandbox.agents[hugo.agent.id].published_id == hugo.version.id


@pytest.mark.parametrize("status", [401, 403])
def test_key_that_is_gone(sandbox: Sandbox, aurora: Project, sales_phone: Phone, status: Any) -> None:
    sandbox.switches.bad_key_status = status
    sandbox.keys.clear()

    check = keys.recheck(project=aurora, actor=None, now=aurora.created_at)

    assert check.is_usable is False
    assert held(sandbox, sales_phone).nickname == "Ventas Costa del Sol"


@pytest.mark.parametrize("accepted", [True, False])
def test_draft_is_not_tried(sandbox: Sandbox, aurora: Project, spare_phone: Phone, accepted: bool) -> None:
    sandbox.switches.draft_accepted = accepted

    with not_saved(SaveKind.WILL_BE_REFUSED):
        save(spare_phone, PhoneEdit(outbound=target(aurora, "Gema", 2)))

    assert patches(sandbox) == []
