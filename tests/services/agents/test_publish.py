"""An agent's version is published for all its numbers: nothing unseen, nothing unwritten, nothing twice."""

import uuid
from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.db import DatabaseError
from django.utils import timezone

from bench.rig.invariants import assert_invariants
from phones import diga
from phones.diga.sandbox import Fault, Sandbox
from phones.models import AgentUpgrade, Change, Outcome, Phone, Project, Source, UpgradeItem, append_only
from phones.services.agents import publish
from phones.services.agents.publish import NotRecorded, ReadOnlyProject
from phones.services.agents.publish_preview import NotOffered
from phones.services.plans.lifecycle import CountNotTyped
from phones.services.projects import keys
from phones.services.sync import refresh
from tests.support.database.tampering import alter
from tests.support.desk.saving import before_answering, forget_waiting, held, target
from tests.support.desk.upgraded import AGENTS, live, phones_of, publishings, read_back, seen, standings, upgrade

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    forget_waiting(monkeypatch)


@pytest.fixture
def reception_phone(aurora: Project) -> Phone:
    """A number that Alicia answers and dials from."""
    agent_id = target(aurora, "Alicia", 1).agent.id
    return Phone.objects.filter(inbound_agent_id=agent_id, outbound_agent_id=agent_id).order_by("number")[0]


def test_version_is_published_once_and_every_number_is_read_back(aurora: Project, lead: User, sandbox: Sandbox) -> None:
    count = len(phones_of(aurora, "Alicia"))
    done = upgrade(aurora, "Alicia", 6, by=lead)

    assert (done.outcome, done.http_status, done.phone_count, done.is_unverified) == ("CONFIRMED", 200, count, True)
    assert (done.before_label, done.after_label, live(sandbox, "Alicia")) == ("v5", "v6", 6)
    (request,) = publishings(sandbox)
    assert request.body == {"version_id": done.after["version_id"]}
    assert standings(done) == {"WAITING": count}

    read_back(done)

    assert (standings(done), done.verified_at is not None) == ({"KEPT": count}, True)
    assert target(aurora, "Alicia", 6).version.is_published
    assert_invariants(sandbox)


def test_history_of_every_number_shows_it(
    aurora: Project, lead: User, sandbox: Sandbox, reception_phone: Phone
) -> None:
    agent = target(aurora, "Alicia", 1).agent

    done = read_back(upgrade(aurora, "Alicia", 6, by=lead))

    change = Change.objects.get(phone=reception_phone)
    assert (change.source, change.outcome, change.actor, change.actor_name, change.reason, change.ticket) == (
        Source.UPGRADE,
        Outcome.CONFIRMED,
        lead,
        "Lead Ruiz",
        "Autumn hours",
        "T-9",
    )
    assert {
        name: (change.before[name].version_number, change.after[name].version_number)
        for name in ("inbound", "outbound")
    } == {
        "inbound": (5, 6),
        "outbound": (5, 6),
    }
    assert (change.created_at, change.stored, change.upgrade_item.upgrade) == (done.sent_at, {}, done)
    assert set(change.named_agents.values_list("agent_id", flat=True)) == {agent.id}
    assert Change.objects.count() == done.phone_count


def test_older_version_can_be_published_again(aurora: Project, lead: User, sandbox: Sandbox) -> None:
    read_back(upgrade(aurora, "Alicia", 6, by=lead))
    done = read_back(upgrade(aurora, "Alicia", 5, by=lead))

    assert (done.outcome, live(sandbox, "Alicia"), standings(done)) == ("CONFIRMED", 5, {"KEPT": done.phone_count})
    assert_invariants(sandbox)


@pytest.mark.parametrize(
    ("agent", "number", "why"), [("Alicia", 7, "draft"), ("Alicia", 5, "live"), ("Gema", 1, "nothing_live")]
)
def test_version_that_is_not_offered_is_never_sent(
    aurora: Project, sandbox: Sandbox, agent: str, number: int, why: str
) -> None:
    with pytest.raises(NotOffered) as refused:
        upgrade(aurora, agent, number, fingerprint="anything", typed="")

    assert (refused.value.why, publishings(sandbox), AgentUpgrade.objects.count()) == (why, [], 0)


def test_agent_without_numbers_has_nothing_to_publish(aurora: Project, sandbox: Sandbox) -> None:
    for phone in phones_of(aurora, "Dora"):
        held(sandbox, phone).inbound_agent_id = held(sandbox, phone).outbound_agent_id = None

    with pytest.raises(NotOffered) as refused:
        upgrade(aurora, "Dora", 2)

    assert (refused.value.why, publishings(sandbox)) == ("no_number", [])
    assert_invariants(sandbox)


def test_what_was_not_seen_is_not_sent(aurora: Project, sandbox: Sandbox, spare_phone: Phone) -> None:
    fingerprint = seen(aurora, target(aurora, "Alicia", 6)).fingerprint
    alicia = sandbox.projects["aurora"].agent("Alicia")

    held(sandbox, spare_phone).inbound_agent_id = alicia.id
    with pytest.raises(publish.OutlookMoved) as joined:
        upgrade(aurora, "Alicia", 6, fingerprint=fingerprint)
    held(sandbox, spare_phone).inbound_agent_id = None
    alicia.published_id = alicia.version(4).id
    with pytest.raises(publish.OutlookMoved) as moved:
        upgrade(aurora, "Alicia", 6, fingerprint=fingerprint)

    assert spare_phone.pk in {each.phone_id for each in joined.value.outlook.numbers}
    assert spare_phone.pk not in {each.phone_id for each in moved.value.outlook.numbers}
    assert moved.value.outlook.live.label == "v4"
    assert (publishings(sandbox), AgentUpgrade.objects.count()) == ([], 0)
    # What was found out by looking stands in the history as what it is.
    assert set(Change.objects.values_list("source", flat=True)) == {Source.OUTSIDE}
    assert_invariants(sandbox)


def test_number_that_left_the_agent_long_ago_is_not_counted_as_detached(
    aurora: Project, sandbox: Sandbox, reception_phone: Phone
) -> None:
    fingerprint = seen(aurora, target(aurora, "Alicia", 6)).fingerprint
    held(sandbox, reception_phone).inbound_agent_id = held(sandbox, reception_phone).outbound_agent_id = None

    with pytest.raises(publish.OutlookMoved):
        upgrade(aurora, "Alicia", 6, fingerprint=fingerprint)
    done = read_back(upgrade(aurora, "Alicia", 6))

    assert not done.items.filter(phone=reception_phone).exists()
    assert standings(done) == {"KEPT": done.phone_count}
    assert_invariants(sandbox)


def test_copy_that_is_far_from_diga_needs_a_sync_first(
    aurora: Project, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(refresh, "STRAY_LIMIT", 2)
    for phone in phones_of(aurora, "Alicia")[:3]:
        held(sandbox, phone).inbound_agent_id = held(sandbox, phone).outbound_agent_id = None

    with pytest.raises(publish.CopyTooOld):
        upgrade(aurora, "Alicia", 6)

    assert publishings(sandbox) == []


def test_number_that_diga_no_longer_knows_is_left_out(
    aurora: Project, sandbox: Sandbox, reception_phone: Phone
) -> None:
    before = seen(aurora, target(aurora, "Alicia", 6))
    sandbox.phones.remove(reception_phone.pk)

    with pytest.raises(publish.OutlookMoved) as moved:
        upgrade(aurora, "Alicia", 6, fingerprint=before.fingerprint)

    assert moved.value.outlook.count == before.count - 1
    assert Phone.objects.get(pk=reception_phone.pk).missing_since is not None


@pytest.mark.parametrize("typed", ["", "1", "many"])
def test_count_above_the_threshold_has_to_be_typed(aurora: Project, sandbox: Sandbox, typed: str) -> None:
    Project.objects.filter(pk=aurora.pk).update(typed_above=3)

    with pytest.raises(CountNotTyped):
        upgrade(aurora, "Alicia", 6, typed=typed)
    assert publishings(sandbox) == []

    assert upgrade(aurora, "Alicia", 6).outcome == "CONFIRMED"


def test_second_send_of_a_form_gives_the_first_one_s_upgrade(aurora: Project, sandbox: Sandbox) -> None:
    token, fingerprint = uuid.uuid4(), seen(aurora, target(aurora, "Alicia", 6)).fingerprint

    first = upgrade(aurora, "Alicia", 6, form_token=token)
    second = upgrade(aurora, "Alicia", 6, form_token=token, fingerprint=fingerprint, typed="")

    assert (second.pk, len(publishings(sandbox)), AgentUpgrade.objects.count()) == (first.pk, 1, 1)


@pytest.mark.parametrize("is_same_form", [True, False])
def test_click_while_another_is_being_sent_sends_nothing(aurora: Project, sandbox: Sandbox, is_same_form: bool) -> None:
    token, found = uuid.uuid4(), []
    outlook = seen(aurora, target(aurora, "Alicia", 6))

    def click_again() -> None:
        other = token if is_same_form else uuid.uuid4()
        try:
            answer = upgrade(aurora, "Alicia", 6, form_token=other, fingerprint=outlook.fingerprint, typed="99")
            found.append(answer.outcome)
        except (publish.UpgradeUnderWay, CountNotTyped) as refusal:
            found.append(type(refusal).__name__)

    Project.objects.update(typed_above=None)
    with before_answering(sandbox, "PATCH", click_again, AGENTS):
        first = upgrade(aurora, "Alicia", 6, form_token=token)

    assert (first.outcome, found) == ("CONFIRMED", ["PENDING" if is_same_form else "UpgradeUnderWay"])
    assert len(publishings(sandbox)) == 1
    assert_invariants(sandbox)


def test_nothing_is_sent_that_can_not_be_written_down(
    aurora: Project, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_args: object, **_kwargs: object) -> None:
        raise DatabaseError("The disk is full")

    monkeypatch.setattr(UpgradeItem.objects, "bulk_create", fail)

    with pytest.raises(NotRecorded):
        upgrade(aurora, "Alicia", 6)

    assert (publishings(sandbox), AgentUpgrade.objects.count()) == ([], 0)


def test_upgrade_is_on_the_disk_before_it_is_sent(aurora: Project, sandbox: Sandbox) -> None:
    found = []

    def look() -> None:
        row = AgentUpgrade.objects.get()
        found.append((row.outcome, row.items.count(), row.phone_count))

    with before_answering(sandbox, "PATCH", look, AGENTS):
        done = upgrade(aurora, "Alicia", 6)

    assert found == [("PENDING", done.phone_count, done.phone_count)]


def test_late_send_is_not_sent(aurora: Project, sandbox: Sandbox) -> None:
    def clock() -> object:
        is_begun = AgentUpgrade.objects.filter(outcome="PENDING").exists()
        return timezone.now() + (timedelta(minutes=1) if is_begun else timedelta())

    done = upgrade(aurora, "Alicia", 6, clock=clock)  # type: ignore[arg-type]

    assert (done.outcome, done.cause, publishings(sandbox)) == ("FAILED", "paced", [])


@pytest.mark.parametrize("is_rejected", [True, False])
def test_project_without_a_good_key_sends_nothing(aurora: Project, sandbox: Sandbox, is_rejected: bool) -> None:
    if is_rejected:
        Project.objects.update(token_state="REJECTED")
    else:
        keys.disconnect(project=aurora)

    with pytest.raises(ReadOnlyProject):
        upgrade(aurora, "Alicia", 6)

    assert publishings(sandbox) == []


@pytest.mark.parametrize("path", [AGENTS, "/v1/phone/"])
def test_read_that_fails_before_it_sends_nothing(aurora: Project, sandbox: Sandbox, path: str) -> None:
    sandbox.faults.add(Fault("status", status=503, method="GET", path=path, times=None))

    with pytest.raises(diga.DigaUnavailable):
        upgrade(aurora, "Alicia", 6)

    assert (publishings(sandbox), AgentUpgrade.objects.count()) == ([], 0)


# A second person.


@pytest.fixture
def careful(aurora: Project) -> Project:
    """Aurora, where more than three changes need two people."""
    Project.objects.filter(pk=aurora.pk).update(approved_above=3)
    return Project.objects.get(pk=aurora.pk)


def proposal(project: Project, by: User) -> AgentUpgrade:
    done = upgrade(project, "Alicia", 6, by=by)
    assert done.outcome == "PROPOSED"
    return AgentUpgrade.objects.select_related("project").get(pk=done.pk)


def test_second_person_carries_out_what_was_proposed(
    careful: Project, lead: User, admin: User, sandbox: Sandbox
) -> None:
    proposed = proposal(careful, lead)
    assert (publishings(sandbox), standings(proposed)) == ([], {})

    with pytest.raises(publish.NotYourUpgrade):
        publish.approve_upgrade(upgrade=proposed, by=lead, clock=timezone.now)
    done = publish.approve_upgrade(upgrade=proposed, by=admin, clock=timezone.now)
    read_back(done)

    assert (done.pk, done.outcome, done.actor, done.approver) == (proposed.pk, "CONFIRMED", lead, admin)
    assert (len(publishings(sandbox)), standings(done)) == (1, {"KEPT": done.phone_count})
    assert_invariants(sandbox)
    with pytest.raises(publish.NotProposed):
        publish.approve_upgrade(upgrade=done, by=admin, clock=timezone.now)


def test_two_second_persons_carry_it_out_once(careful: Project, lead: User, admin: User, sandbox: Sandbox) -> None:
    proposed = proposal(careful, lead)
    same = AgentUpgrade.objects.select_related("project").get(pk=proposed.pk)

    publish.approve_upgrade(upgrade=proposed, by=admin, clock=timezone.now)
    with pytest.raises((publish.NotProposed, NotOffered)):
        publish.approve_upgrade(upgrade=same, by=admin, clock=timezone.now)

    assert len(publishings(sandbox)) == 1


@pytest.mark.parametrize("values", [{"agreed": "18:other"}, {"after": {}}, {"phone_count": 1}, {"reason": "Other"}])
def test_proposal_is_never_another_one_than_was_read(careful: Project, lead: User, values: dict[str, object]) -> None:
    proposed = proposal(careful, lead)

    with pytest.raises(DatabaseError, match="What was agreed to is never altered"):
        AgentUpgrade.objects.filter(pk=proposed.pk).update(**values)


def test_yes_to_a_proposal_that_another_one_has_replaced_publishes_nothing(
    careful: Project, lead: User, admin: User, sandbox: Sandbox
) -> None:
    read = proposal(careful, lead)
    publish.discard_upgrade(upgrade=AgentUpgrade.objects.get(pk=read.pk), clock=timezone.now)
    upgrade(careful, "Alicia", 4, by=lead)

    with pytest.raises(publish.NotProposed):
        publish.approve_upgrade(upgrade=read, by=admin, clock=timezone.now)

    assert publishings(sandbox) == []


def test_proposal_that_is_out_of_date_is_not_carried_out(
    careful: Project, lead: User, admin: User, sandbox: Sandbox, spare_phone: Phone
) -> None:
    proposed = proposal(careful, lead)
    held(sandbox, spare_phone).inbound_agent_id = sandbox.projects["aurora"].agent("Alicia").id

    with pytest.raises(publish.OutlookMoved):
        publish.approve_upgrade(upgrade=proposed, by=admin, clock=timezone.now)
    publish.discard_upgrade(upgrade=proposed, clock=timezone.now)
    with pytest.raises(publish.NotProposed):
        publish.discard_upgrade(upgrade=proposed, clock=timezone.now)

    assert (proposed.outcome, publishings(sandbox)) == ("DISCARDED", [])


# What stands, stands.


@pytest.mark.parametrize("values", [{"outcome": "FAILED"}, {"reason": "Another"}, {"http_status": 201}])
def test_settled_upgrade_is_never_altered(aurora: Project, values: dict[str, object]) -> None:
    done = upgrade(aurora, "Alicia", 6)

    with pytest.raises(DatabaseError, match="never altered"):
        AgentUpgrade.objects.filter(pk=done.pk).update(**values)
    with pytest.raises(DatabaseError, match="never deleted"):
        AgentUpgrade.objects.filter(pk=done.pk)._raw_delete("default")

    alter(AgentUpgrade.objects.filter(pk=done.pk), **values)
    assert append_only.missing_triggers() == []
