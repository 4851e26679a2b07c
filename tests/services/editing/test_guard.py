"""The guard asks Diga what is published when its own copy is older than a minute."""

import uuid
from datetime import timedelta
from itertools import takewhile

import pytest
from django.db import connection
from django.utils import timezone

from phones.diga import DigaAuthError, DigaUnavailable
from phones.diga.sandbox import Fault, Sandbox
from phones.models import Outcome, Phone, Project
from phones.services.editing.guard import AGENTS_FRESH_FOR
from phones.services.editing.result import SaveKind
from phones.services.routing.edits import PhoneEdit
from phones.services.routing.impact import Effect, fingerprint
from phones.services.routing.lanes import Target
from phones.services.sync import refresh
from tests.support.desk.published import phones_of
from tests.support.desk.saving import forget_waiting, held, not_saved, patches, save, stored, target

DROPDOWN = "/v1/agent/versions-dropdown/dashboard"


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    forget_waiting(monkeypatch)


def user_reads(sandbox: Sandbox) -> int:
    """Count the requests for phones by their agent."""
    return sum("agent_id" in name for request in sandbox.journal for name in request.query)


def free(sandbox: Sandbox, *phones: Phone) -> None:
    """Take the agents off phones in Diga, past this desk."""
    for phone in phones:
        held(sandbox, phone).inbound_agent_id = held(sandbox, phone).outbound_agent_id = None


def agent_reads(sandbox: Sandbox) -> int:
    """Count the requests for the agents before anything was sent."""
    asked = takewhile(lambda request: request.method == "GET", sandbox.journal)
    return sum(request.path == DROPDOWN for request in asked)


def test_fresh_copy_of_the_agents_is_not_read_again(sandbox: Sandbox, aurora: Project, spare_phone: Phone) -> None:
    sandbox.journal.clear()

    saved = save(spare_phone, PhoneEdit(inbound=target(aurora, "Alicia", 5)))

    assert saved.change.outcome == Outcome.CONFIRMED
    assert agent_reads(sandbox) == 0


def test_rename_never_reads_the_agents(sandbox: Sandbox, aurora: Project, spare_phone: Phone) -> None:
    later = timezone.now() + 2 * AGENTS_FRESH_FOR
    sandbox.journal.clear()

    save(spare_phone, PhoneEdit(nickname="Mostrador"), clock=lambda: later)

    assert agent_reads(sandbox) == 0


def test_version_that_is_no_longer_live_needs_consent_after_a_minute(
    sandbox: Sandbox, aurora: Project, spare_phone: Phone
) -> None:
    alicia = target(aurora, "Alicia", 5)
    sandbox.projects["aurora"].agent("Alicia").published_id = None
    later = timezone.now() + AGENTS_FRESH_FOR + timedelta(seconds=1)
    sandbox.journal.clear()

    with not_saved(SaveKind.NO_CONSENT) as refused:
        save(spare_phone, PhoneEdit(inbound=alicia), clock=lambda: later)

    assert [impact.effect for impact in refused.value.result.impacts] == [Effect.WILL_PUBLISH]
    assert agent_reads(sandbox) == 1
    assert patches(sandbox) == []


def test_agents_read_ahead_of_a_clock_that_was_set_back_are_read_again(
    sandbox: Sandbox, aurora: Project, spare_phone: Phone
) -> None:
    alicia = target(aurora, "Alicia", 5)
    aurora.agents_read_at = timezone.now() + timedelta(hours=1)
    aurora.save()
    spare_phone.refresh_from_db()
    sandbox.journal.clear()

    save(spare_phone, PhoneEdit(inbound=alicia))

    assert agent_reads(sandbox) == 1


def test_agents_are_read_once_for_a_refusal_as_well(sandbox: Sandbox, aurora: Project, spare_phone: Phone) -> None:
    later = timezone.now() + AGENTS_FRESH_FOR + timedelta(seconds=1)
    sandbox.journal.clear()

    with not_saved(SaveKind.WILL_BE_REFUSED):
        save(spare_phone, PhoneEdit(inbound=target(aurora, "Dora", 2)), clock=lambda: later)

    assert agent_reads(sandbox) == 1


def test_agents_are_read_once_even_where_the_old_copy_foresaw_a_refusal(
    sandbox: Sandbox, aurora: Project, spare_phone: Phone
) -> None:
    gema = target(aurora, "Gema", 1)
    later = timezone.now() + AGENTS_FRESH_FOR + timedelta(seconds=1)
    sandbox.journal.clear()

    saved = save(spare_phone, PhoneEdit(inbound=gema), clock=lambda: later)

    assert saved.change.outcome == Outcome.CONFIRMED
    assert agent_reads(sandbox) == 1


def test_agents_that_cannot_be_read_stop_the_save_before_anything_is_sent(
    sandbox: Sandbox, aurora: Project, spare_phone: Phone
) -> None:
    later = timezone.now() + AGENTS_FRESH_FOR + timedelta(seconds=1)
    sandbox.faults.add(Fault(kind="status", status=401, method="GET", path=DROPDOWN))

    with pytest.raises(DigaAuthError):
        save(spare_phone, PhoneEdit(inbound=target(aurora, "Alicia", 5)), clock=lambda: later)

    assert patches(sandbox) == []


def test_number_that_left_diga_holds_no_version(sandbox: Sandbox, aurora: Project, spare_phone: Phone) -> None:
    dora = target(aurora, "Dora", 1).agent
    for phone in Phone.objects.filter(project=aurora).using_agents({dora.id}):
        sandbox.phones.remove(phone.pk)
        Phone.objects.filter(pk=phone.pk).update(missing_since=timezone.now())

    saved = save(spare_phone, PhoneEdit(inbound=Target(dora, dora.offered[0])))

    assert [(impact.effect, impact.other_count) for impact in saved.impacts] == [(Effect.WILL_PUBLISH, 0)]
    assert saved.change.outcome == Outcome.CONFIRMED


def test_refusal_is_told_by_the_numbers_that_diga_has_with_the_agent(
    sandbox: Sandbox, aurora: Project, spare_phone: Phone
) -> None:
    gone, *others = phones_of(aurora, "Dora")
    free(sandbox, gone)
    sandbox.journal.clear()

    with not_saved(SaveKind.WILL_BE_REFUSED) as refused:
        save(spare_phone, PhoneEdit(inbound=target(aurora, "Dora", 2)))

    [impact] = refused.value.result.impacts
    assert ([use.phone_id for use in impact.others], impact.other_count) == (
        [phone.pk for phone in others],
        len(others),
    )
    assert (agent_reads(sandbox), user_reads(sandbox), patches(sandbox)) == (1, 2, [])
    assert stored(gone).inbound_agent_id is None


def test_numbers_that_moved_away_in_diga_stand_in_nobody_s_way(
    sandbox: Sandbox, aurora: Project, spare_phone: Phone
) -> None:
    wanted = PhoneEdit(inbound=target(aurora, "Dora", 2))
    free(sandbox, *phones_of(aurora, "Dora"))

    with not_saved(SaveKind.NO_CONSENT) as asked:
        save(spare_phone, wanted, agreed=None)
    assert [(impact.effect, impact.other_count) for impact in asked.value.result.impacts] == [(Effect.WILL_PUBLISH, 0)]

    saved = save(spare_phone, wanted, agreed=fingerprint(asked.value.result.impacts))
    assert saved.change.outcome == Outcome.CONFIRMED


def test_phone_that_diga_lists_with_the_agent_itself_is_saved(
    sandbox: Sandbox, aurora: Project, survey_phone: Phone
) -> None:
    free(sandbox, *(phone for phone in phones_of(aurora, "Dora") if phone != survey_phone))
    wanted = PhoneEdit(outbound=target(aurora, "Dora", 2))

    saved = save(survey_phone, wanted, agreed=f"outbound:will_publish:{target(aurora, 'Dora', 2).version.id}:0")

    assert saved.change.outcome == Outcome.CONFIRMED
    assert len(patches(sandbox)) == 1


def test_number_that_diga_no_longer_knows_stands_in_nobody_s_way(
    sandbox: Sandbox, aurora: Project, spare_phone: Phone
) -> None:
    users = phones_of(aurora, "Dora")
    for phone in users:
        sandbox.phones.remove(phone.pk)

    with not_saved(SaveKind.NO_CONSENT):
        save(spare_phone, PhoneEdit(inbound=target(aurora, "Dora", 2)), agreed=None)

    assert all(stored(phone).missing_since for phone in users)


@pytest.mark.parametrize("path", [DROPDOWN, "/v1/phone/"])
def test_refusal_that_can_t_be_checked_is_not_told(
    sandbox: Sandbox, aurora: Project, spare_phone: Phone, path: str
) -> None:
    sandbox.faults.add(Fault(kind="status", status=503, method="GET", path=path, is_exact=True, times=None))

    with not_saved(SaveKind.NOT_CHECKED) as unchecked:
        save(spare_phone, PhoneEdit(inbound=target(aurora, "Dora", 2)))

    assert isinstance(unchecked.value.result.error, DigaUnavailable)
    assert patches(sandbox) == []


def test_copy_that_is_far_from_diga_tells_no_refusal(
    sandbox: Sandbox, aurora: Project, spare_phone: Phone, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(refresh, "STRAY_LIMIT", 1)
    free(sandbox, *phones_of(aurora, "Dora"))

    with not_saved(SaveKind.NOT_CHECKED) as unchecked:
        save(spare_phone, PhoneEdit(inbound=target(aurora, "Dora", 2)))

    assert (unchecked.value.result.error, patches(sandbox)) == (None, [])


def test_very_many_numbers_are_not_read_to_the_last(
    sandbox: Sandbox, aurora: Project, spare_phone: Phone, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("phones.diga.client.PAGE_SIZE", 3)
    monkeypatch.setattr("phones.services.editing.guard.USER_PAGES", 1)
    users = phones_of(aurora, "Alicia")
    assert len(users) > 6
    sandbox.journal.clear()

    with not_saved(SaveKind.WILL_BE_REFUSED) as refused:
        save(spare_phone, PhoneEdit(inbound=target(aurora, "Alicia", 6)))

    [impact] = refused.value.result.impacts
    assert (user_reads(sandbox), impact.is_at_least, 3 <= impact.other_count <= 6) == (2, True, True)
    assert len(impact.others) == impact.other_count


@pytest.mark.skipif(connection.vendor != "sqlite", reason="PostgreSQL plans by what its table holds.")
def test_guard_finds_the_first_of_many_numbers_without_reading_all(aurora: Project) -> None:
    plans = [users[:21].explain() for users in Phone.objects.filter(project=aurora).split_by_use(uuid.uuid4())]

    # A sort of the right part of the order is one of the phones of one number.
    for plan, index in zip(plans, ("phone_by_inbound", "phone_by_outbound"), strict=True):
        assert f"USING INDEX {index}" in plan
        assert "USE TEMP B-TREE FOR ORDER BY" not in plan
