"""The guard asks Diga what is published when its own copy is older than a minute."""

from datetime import timedelta

import pytest
from django.utils import timezone

from phones.diga import DigaAuthError
from phones.diga.sandbox import Fault, Sandbox
from phones.models import Outcome, Phone, Project
from phones.services.guarding import AGENTS_FRESH_FOR, NoConsent
from phones.services.impact import Effect, Target
from phones.services.intention import Intention
from tests.saving import patches, save, target

DROPDOWN = "/v1/agent/versions-dropdown/dashboard"


def agent_reads(sandbox: Sandbox) -> int:
    """Count the requests for the agents."""
    return sum(request.path == DROPDOWN for request in sandbox.journal)


def test_fresh_copy_of_the_agents_is_not_read_again(sandbox: Sandbox, aurora: Project, spare_phone: Phone) -> None:
    sandbox.journal.clear()

    saved = save(spare_phone, Intention(inbound=target(aurora, "Alicia", 5)))

    assert saved.change.outcome == Outcome.CONFIRMED
    assert agent_reads(sandbox) == 0


def test_rename_never_reads_the_agents(sandbox: Sandbox, aurora: Project, spare_phone: Phone) -> None:
    later = timezone.now() + 2 * AGENTS_FRESH_FOR
    sandbox.journal.clear()

    save(spare_phone, Intention(nickname="Mostrador"), clock=lambda: later)

    assert agent_reads(sandbox) == 0


def test_version_that_is_no_longer_live_needs_consent_after_a_minute(
    sandbox: Sandbox, aurora: Project, spare_phone: Phone
) -> None:
    alicia = target(aurora, "Alicia", 5)
    sandbox.projects["aurora"].agent("Alicia").published_id = None
    later = timezone.now() + AGENTS_FRESH_FOR + timedelta(seconds=1)
    sandbox.journal.clear()

    with pytest.raises(NoConsent) as refused:
        save(spare_phone, Intention(inbound=alicia), clock=lambda: later)

    assert [impact.effect for impact in refused.value.impacts] == [Effect.WILL_PUBLISH]
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

    save(spare_phone, Intention(inbound=alicia))

    assert agent_reads(sandbox) == 1


def test_agents_are_read_once_even_where_the_old_copy_foresaw_a_refusal(
    sandbox: Sandbox, aurora: Project, spare_phone: Phone
) -> None:
    gema = target(aurora, "Gema", 1)
    later = timezone.now() + AGENTS_FRESH_FOR + timedelta(seconds=1)
    sandbox.journal.clear()

    saved = save(spare_phone, Intention(inbound=gema), clock=lambda: later)

    assert saved.change.outcome == Outcome.CONFIRMED
    assert agent_reads(sandbox) == 1


def test_agents_that_cannot_be_read_stop_the_save_before_anything_is_sent(
    sandbox: Sandbox, aurora: Project, spare_phone: Phone
) -> None:
    later = timezone.now() + AGENTS_FRESH_FOR + timedelta(seconds=1)
    sandbox.faults.add(Fault(kind="status", status=401, method="GET", path=DROPDOWN))

    with pytest.raises(DigaAuthError):
        save(spare_phone, Intention(inbound=target(aurora, "Alicia", 5)), clock=lambda: later)

    assert patches(sandbox) == []


def test_number_that_left_diga_holds_no_version(sandbox: Sandbox, aurora: Project, spare_phone: Phone) -> None:
    dora = target(aurora, "Dora", 1).agent
    for phone in Phone.objects.filter(project=aurora).using_agents({dora.id}):
        sandbox.phones.remove(phone.pk)
        Phone.objects.filter(pk=phone.pk).update(missing_since=timezone.now())

    saved = save(spare_phone, Intention(inbound=Target(dora, dora.offered[0])))

    assert [(impact.effect, impact.other_count) for impact in saved.impacts] == [(Effect.WILL_PUBLISH, 0)]
    assert saved.change.outcome == Outcome.CONFIRMED
