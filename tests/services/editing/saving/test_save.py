"""The one way to change a phone: one minimal PATCH, after the guard and the policy, and never twice."""

import uuid
from typing import Any

import pytest
from django.contrib.auth.models import User
from pytest_django import DjangoAssertNumQueries

from phones.diga import DigaAuthError, DigaNotFound, DigaUnavailable
from phones.diga.sandbox import Fault, Sandbox
from phones.models import Agent, Change, LaneSnapshot, Outcome, Phone, Project, Source, TokenState
from phones.services.editing.guard import impacts_of
from phones.services.editing.result import SaveKind
from phones.services.routing.catalogue import AgentEntry, VersionEntry
from phones.services.routing.editability import Why
from phones.services.routing.edits import PhoneEdit
from phones.services.routing.impact import Effect, fingerprint
from phones.services.routing.lanes import Target
from tests.support.desk.saving import (
    forget_waiting,
    held,
    is_true_copy,
    not_saved,
    patches,
    picture,
    save,
    sent,
    stored,
    target,
    unassigned,
)


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    forget_waiting(monkeypatch)


def listen(sandbox: Sandbox) -> None:
    """Forget what the stand-in has received until now."""
    sandbox.journal.clear()


def asked(sandbox: Sandbox) -> list[tuple[str, str]]:
    """List the requests the stand-in received, in short."""
    return [(request.method, request.path.split("/")[2]) for request in sandbox.journal]


# One request with the changed keys only.


def test_nickname_only_save_sends_exactly_one_key(sandbox: Sandbox, sales_phone: Phone, router: User) -> None:
    listen(sandbox)

    saved = save(sales_phone, PhoneEdit(nickname="Ventas Málaga"), agreed=None, user=router)

    assert asked(sandbox) == [("GET", "phone"), ("PATCH", "phone")]
    assert sent(sandbox) == [{"nickname": "Ventas Málaga"}]
    assert saved.change.outcome == Outcome.CONFIRMED
    assert (saved.merged, saved.impacts, saved.error) == ((), (), None)
    assert is_true_copy(sandbox, sales_phone)


def test_diary_keeps_who_what_and_why(sandbox: Sandbox, aurora: Project, sales_phone: Phone, router: User) -> None:
    alicia, bruno = target(aurora, "Alicia", 5), target(aurora, "Bruno", 2)

    change = save(sales_phone, PhoneEdit("Ventas", inbound=alicia), user=router, form_token=uuid.UUID(int=7)).change

    change.refresh_from_db()
    assert (change.project, change.phone, change.number) == (aurora, sales_phone, "+34 951 44 12 46")
    assert (change.actor, change.actor_name, change.source) == (router, "Router Ruiz", Source.FORM)
    assert (change.reason, change.ticket, change.form_token) == ("A reason", "T-1", uuid.UUID(int=7))
    assert change.before == {
        "nickname": "Ventas Costa del Sol",
        "inbound": LaneSnapshot(bruno.agent.id, "Bruno · Ventas", bruno.version.id, 2),
    }
    assert change.after == {
        "nickname": "Ventas",
        "inbound": LaneSnapshot(alicia.agent.id, "Alicia · Recepción", alicia.version.id, 5),
    }
    assert (change.stored, change.http_status, change.cause, change.message) == ({}, 200, "", "")
    assert change.settled_at is not None
    assert change.created_at <= change.settled_at


def test_agent_goes_from_old_to_new_in_one_request(sandbox: Sandbox, aurora: Project, sales_phone: Phone) -> None:
    alicia = target(aurora, "Alicia", 5)

    save(sales_phone, PhoneEdit(inbound=alicia), agreed=None)

    assert sent(sandbox) == [{"inbound_version_id": str(alicia.version.id)}]
    assert stored(sales_phone).inbound_agent_id == alicia.agent.id
    assert is_true_copy(sandbox, sales_phone)


def test_both_directions_go_in_one_request(sandbox: Sandbox, aurora: Project, spare_phone: Phone) -> None:
    gema = target(aurora, "Gema", 1)

    saved = save(spare_phone, PhoneEdit(inbound=gema, outbound=gema))

    wanted = str(gema.version.id)
    assert sent(sandbox) == [{"inbound_version_id": wanted, "outbound_version_id": wanted}]
    assert [impact.effect for impact in saved.impacts] == [Effect.WILL_PUBLISH, Effect.WILL_PUBLISH]
    assert all(impact.is_both_lanes for impact in saved.impacts)
    assert saved.change.outcome == Outcome.CONFIRMED
    assert target(aurora, "Gema", 1).version.is_published is True


@pytest.mark.parametrize("lane", ["inbound", "outbound"])
def test_unassigning_sends_only_a_null(sandbox: Sandbox, sales_phone: Phone, lane: str) -> None:
    saved = save(sales_phone, unassigned(lane))

    assert sent(sandbox) == [{f"{lane}_version_id": None}]
    assert saved.change.after == {lane: None}
    assert saved.change.outcome == Outcome.CONFIRMED
    assert getattr(stored(sales_phone), f"{lane}_agent_id") is None
    assert is_true_copy(sandbox, sales_phone)


def test_emptied_nickname_is_sent_as_null(sandbox: Sandbox, sales_phone: Phone) -> None:
    saved = save(sales_phone, PhoneEdit(nickname=""))

    assert sent(sandbox) == [{"nickname": None}]
    assert (saved.change.outcome, stored(sales_phone).nickname) == (Outcome.CONFIRMED, None)


def test_empty_intention_sends_nothing(sandbox: Sandbox, sales_phone: Phone) -> None:
    listen(sandbox)

    with not_saved(SaveKind.NOTHING_TO_CHANGE):
        save(sales_phone, PhoneEdit())

    assert sandbox.journal == []


@pytest.mark.parametrize("wanted", [PhoneEdit(nickname="Ventas"), PhoneEdit(inbound=None), PhoneEdit("Ventas", None)])
def test_what_somebody_else_did_already_is_not_sent_again(
    sandbox: Sandbox, sales_phone: Phone, wanted: PhoneEdit
) -> None:
    row = held(sandbox, sales_phone)
    row.nickname, row.inbound_agent_id = "Ventas", None

    with not_saved(SaveKind.NOTHING_TO_CHANGE):
        save(sales_phone, wanted)

    assert patches(sandbox) == []
    assert is_true_copy(sandbox, sales_phone)
    assert set(Change.objects.values_list("source", flat=True)) == {"OUTSIDE"}


# The guard.


def test_predicted_refusal_sends_no_write(sandbox: Sandbox, aurora: Project, sales_phone: Phone) -> None:
    before = picture(aurora)

    with not_saved(SaveKind.WILL_BE_REFUSED) as refused:
        save(sales_phone, PhoneEdit(inbound=target(aurora, "Alicia", 4)))

    [impact] = refused.value.result.impacts
    assert (impact.effect, impact.live) == (Effect.WILL_BE_REFUSED, target(aurora, "Alicia", 5).version)
    assert patches(sandbox) == []
    assert picture(aurora) == before
    assert not Change.objects.exists()


def test_draft_is_never_sent(sandbox: Sandbox, aurora: Project, sales_phone: Phone) -> None:
    sandbox.switches.draft_accepted = True

    with not_saved(SaveKind.WILL_BE_REFUSED):
        save(sales_phone, PhoneEdit(inbound=target(aurora, "Alicia", 7)))

    assert patches(sandbox) == []


def test_two_versions_of_one_agent_are_never_sent(sandbox: Sandbox, aurora: Project, spare_phone: Phone) -> None:
    wanted = PhoneEdit(inbound=target(aurora, "Elena", 1), outbound=target(aurora, "Elena", 2))

    with not_saved(SaveKind.WILL_BE_REFUSED):
        save(spare_phone, wanted)

    assert patches(sandbox) == []


def test_refusal_predicted_from_an_old_copy_is_asked_for_again_and_goes_through(
    sandbox: Sandbox, aurora: Project, sales_phone: Phone
) -> None:
    alicia = sandbox.projects["aurora"].agent("Alicia")
    alicia.published_id = alicia.version(4).id
    wanted = PhoneEdit(inbound=target(aurora, "Alicia", 4))
    expected = [impact.effect for impact in impacts_of(sales_phone, wanted)]
    listen(sandbox)

    saved = save(sales_phone, wanted, agreed=None)

    assert expected == [Effect.WILL_BE_REFUSED]
    # The last tells whether the version is published now.
    assert asked(sandbox) == [("GET", "phone"), ("GET", "agent"), ("PATCH", "phone"), ("GET", "agent")]
    assert [impact.effect for impact in saved.impacts] == [Effect.NO_PUBLISH]
    assert saved.change.outcome == Outcome.CONFIRMED
    assert target(aurora, "Alicia", 4).version.is_published is True
    assert target(aurora, "Alicia", 5).version.is_published is False


def test_key_refused_while_the_agents_are_asked_for_again_is_remembered(
    sandbox: Sandbox, aurora: Project, sales_phone: Phone
) -> None:
    sandbox.faults.add(Fault("status", status=401, path="/v1/agent/", times=None))

    with not_saved(SaveKind.NOT_CHECKED) as unchecked:
        save(sales_phone, PhoneEdit(inbound=target(aurora, "Alicia", 4)))

    assert isinstance(unchecked.value.result.error, DigaAuthError)
    aurora.refresh_from_db()
    assert (aurora.token_state, patches(sandbox)) == (TokenState.REJECTED, [])


@pytest.mark.parametrize("agreed", [None, "", "inbound:will_publish"])
def test_going_live_needs_consent_to_exactly_that(
    sandbox: Sandbox, aurora: Project, spare_phone: Phone, agreed: str | None
) -> None:
    wanted = PhoneEdit(inbound=target(aurora, "Gema", 1))

    with not_saved(SaveKind.NO_CONSENT) as refused:
        save(spare_phone, wanted, agreed=agreed)

    assert refused.value.result.impacts == impacts_of(spare_phone, wanted)
    assert patches(sandbox) == []
    assert not Change.objects.exists()


@pytest.mark.parametrize("lane", ["inbound", "outbound"])
def test_unassigning_needs_consent(sandbox: Sandbox, sales_phone: Phone, lane: str) -> None:
    with not_saved(SaveKind.NO_CONSENT):
        save(sales_phone, unassigned(lane), agreed=None)

    assert patches(sandbox) == []


def test_consent_to_fewer_other_numbers_is_not_enough(sandbox: Sandbox, aurora: Project, spare_phone: Phone) -> None:
    wanted = PhoneEdit(inbound=target(aurora, "Elena", 2))
    agreed = fingerprint(impacts_of(spare_phone, wanted))
    Phone.objects.filter(project=aurora, nickname="Prueba centralita").update(
        inbound_agent_id=target(aurora, "Elena", 2).agent.id
    )

    with not_saved(SaveKind.NO_CONSENT) as refused:
        save(spare_phone, wanted, agreed=agreed)

    assert [impact.other_count for impact in refused.value.result.impacts] == [2]
    assert patches(sandbox) == []


def test_guard_names_the_first_of_many_numbers_and_counts_all(
    aurora: Project, spare_phone: Phone, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    agent = AgentEntry(uuid.uuid4(), "Nuevo", True, (VersionEntry(uuid.uuid4(), 1, "", False, False),))
    others = list(Phone.objects.filter(project=aurora).exclude(pk=spare_phone.pk).order_by("number", "id")[:25])
    ids = [phone.pk for phone in others]
    Phone.objects.filter(pk__in=ids[::2]).update(inbound_agent_id=agent.id)
    Phone.objects.filter(pk__in=ids[1::2]).update(outbound_agent_id=agent.id)
    Phone.objects.filter(pk__in=ids[:4]).update(inbound_agent_id=agent.id, outbound_agent_id=agent.id)
    # It dials from the agent itself, and is no other.
    Phone.objects.filter(pk=spare_phone.pk).update(outbound_agent_id=agent.id)
    spare_phone.refresh_from_db()

    with django_assert_num_queries(4):
        [impact] = impacts_of(spare_phone, PhoneEdit(inbound=Target(agent, agent.versions[0])))

    assert [use.shown for use in impact.others] == [phone.shown for phone in others[:20]]
    assert impact.other_count == 25


# The policy.


@pytest.mark.parametrize("kind", ["reserved_phone", "pending_phone"])
def test_phone_that_is_not_active_yet_takes_a_nickname_only(
    sandbox: Sandbox, aurora: Project, request: pytest.FixtureRequest, kind: str
) -> None:
    phone: Phone = request.getfixturevalue(kind)
    listen(sandbox)

    for wanted in (PhoneEdit(inbound=target(aurora, "Alicia", 5)), PhoneEdit("Alias", outbound=None)):
        with not_saved(SaveKind.NOT_EDITABLE) as closed:
            save(phone, wanted)
        assert closed.value.why == Why(phone.status)
    requests_before = list(sandbox.journal)
    saved = save(phone, PhoneEdit(nickname="Alias"))

    assert requests_before == []
    assert sent(sandbox) == [{"nickname": "Alias"}]
    assert saved.change.outcome == Outcome.CONFIRMED


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"status": "released"}, Why.RELEASED),
        ({"status": "finished"}, Why.FINISHED),
        ({"status": "ported"}, Why.UNKNOWN_STATUS),
        ({"status": ""}, Why.UNKNOWN_STATUS),
    ],
)
@pytest.mark.parametrize("wanted", [PhoneEdit(nickname="Alias"), PhoneEdit(inbound=None)])
def test_read_only_phone_causes_no_request_at_all(
    sandbox: Sandbox, sales_phone: Phone, change: dict[str, Any], why: Why, wanted: PhoneEdit
) -> None:
    Phone.objects.filter(pk=sales_phone.pk).update(**change)
    listen(sandbox)

    with not_saved(SaveKind.NOT_EDITABLE) as closed:
        save(stored(sales_phone), wanted)

    assert closed.value.why == why
    assert sandbox.journal == []
    assert not Change.objects.exists()


def test_status_learned_by_the_reading_before_the_write_closes_the_phone(sandbox: Sandbox, sales_phone: Phone) -> None:
    held(sandbox, sales_phone).status = "released"

    with not_saved(SaveKind.NOT_EDITABLE):
        save(sales_phone, PhoneEdit(nickname="Alias"))

    assert patches(sandbox) == []
    assert stored(sales_phone).status == "released"


def test_phone_that_diga_no_longer_knows_becomes_read_only(sandbox: Sandbox, sales_phone: Phone) -> None:
    sandbox.phones.remove(sales_phone.pk)

    with pytest.raises(DigaNotFound):
        save(sales_phone, PhoneEdit(nickname="Alias"))
    listen(sandbox)
    with not_saved(SaveKind.NOT_EDITABLE) as closed:
        save(stored(sales_phone), PhoneEdit(nickname="Alias"))

    assert closed.value.why == Why.MISSING
    assert sandbox.journal == []
    assert stored(sales_phone).nickname == "Ventas Costa del Sol"


# The project and its key.


@pytest.mark.parametrize("state", [TokenState.REJECTED, TokenState.ABSENT])
def test_project_without_a_good_key_is_read_only(sandbox: Sandbox, sales_phone: Phone, state: TokenState) -> None:
    Project.objects.update(token_state=state)
    listen(sandbox)

    with not_saved(SaveKind.READ_ONLY):
        save(sales_phone, PhoneEdit(nickname="Alias"))

    assert sandbox.journal == []


def test_key_refused_at_the_reading_before_the_write_is_remembered(
    sandbox: Sandbox, aurora: Project, sales_phone: Phone
) -> None:
    sandbox.keys.clear()

    with pytest.raises(DigaAuthError):
        save(sales_phone, PhoneEdit(nickname="Alias"))

    aurora.refresh_from_db()
    assert aurora.token_state == TokenState.REJECTED
    assert not Change.objects.exists()


def test_failed_reading_before_the_write_writes_nothing(sandbox: Sandbox, aurora: Project, sales_phone: Phone) -> None:
    before = picture(aurora)
    sandbox.faults.add(Fault("status", status=503, method="GET", times=None))

    with pytest.raises(DigaUnavailable):
        save(sales_phone, PhoneEdit(nickname="Alias"))

    assert patches(sandbox) == []
    assert picture(aurora) == before
    assert not Change.objects.exists()


def test_version_of_another_project_is_refused_by_diga_and_nothing_changes(
    sandbox: Sandbox, aurora: Project, talleres: Project, spare_phone: Phone
) -> None:
    foreign = target(talleres, "Nuria", 3)
    before = picture(aurora)

    saved = save(spare_phone, PhoneEdit(inbound=foreign))

    assert (saved.change.outcome, saved.change.http_status) == (Outcome.REFUSED, 404)
    assert picture(aurora) == before
    assert not Agent.objects.filter(project=aurora, pk=foreign.agent.id).exists()
