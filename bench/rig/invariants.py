"""The invariants that hold after every fault: `assert_invariants`, called at the end of each test that makes one."""

import uuid
from collections import Counter
from collections.abc import Collection, Iterator
from typing import Any

from django.apps import apps
from django.db import connection
from django.utils import timezone

from bench.rig.findable import assert_phones_are_findable
from phones.diga.sandbox import Received, Sandbox
from phones.models import (
    AgentVersion,
    Change,
    ChangeSeal,
    ItemState,
    Outcome,
    Phone,
    Plan,
    PlanItem,
    PlanKind,
    Project,
    PublishRequest,
    SealKind,
    Source,
)
from phones.services.audit.chain.verification import verify_log
from phones.services.editing.recheck_times import APPLIED_WITHIN
from phones.services.routing.snapshots import reads_as

# With these outcomes Diga may have applied the write; with any other it certainly has not.
MAYBE_APPLIED = {Outcome.CONFIRMED, Outcome.MISMATCH, Outcome.UNKNOWN, Outcome.PENDING}
# The outcomes of a row's change after sending; other rows were refused or given up with or without a change.
ENDS: dict[ItemState, set[Outcome | None]] = {
    ItemState.DONE: {Outcome.CONFIRMED},
    ItemState.MISMATCH: {Outcome.MISMATCH},
    ItemState.UNKNOWN: {Outcome.UNKNOWN},
    ItemState.SENDING: {Outcome.PENDING},
    ItemState.WAITING: {None},
    ItemState.CLAIMED: {None},
    ItemState.SAME: {None},
    ItemState.CHANGED: {None},
    ItemState.LEFT_OUT: {None},
}
# Rows of a plan that publishes have an entry once they were read back; until then there is only its request.
READ_BACK: dict[ItemState, set[Outcome | None]] = {ItemState.SENDING: {None}, ItemState.UNKNOWN: {None}}
# Sources of changes recorded afterwards: they are settled when added, and have no seal of a beginning.
SETTLED_AT_ONCE = {Source.OUTSIDE, Source.LATE, Source.PUBLISH}
PUBLISHING = "/published_version"
COPIED = ("nickname", "inbound_agent_id", "outbound_agent_id", "status", "number", "telephony_provider")


def assert_invariants(
    sandbox: Sandbox,
    *,
    said: str = "",
    is_at_rest: bool = True,
    changed_outside: Collection[uuid.UUID] = (),
    has_applied_late: bool = False,
) -> None:
    """Assert I0 to I6 for all projects, and that plans add up. I7 is about sentences, and tested where they are made.

    :param said: logs, pages and exception texts in which the key must not occur.
    :param is_at_rest: nobody is sending, and the sweeper has run; otherwise changes may be pending.
    :param changed_outside: phones that were changed in the sandbox, and perhaps not read since.
    :param has_applied_late: writes were applied over a minute after they were sent, by the clock of the test.
    """
    changes = list(Change.objects.order_by("pk"))
    phones = list(Phone.objects.all())
    _assert_every_write_has_its_entry(sandbox, changes, has_applied_late)
    _assert_published_is_published(sandbox, changes)
    _assert_every_publishing_has_its_plan(sandbox, is_at_rest)
    _assert_entries_are_settled(changes, is_at_rest)
    _assert_copies_are_true(sandbox, phones, changes, changed_outside)
    _assert_chains_verify(changes)
    _assert_plans_add_up()
    _assert_key_is_nowhere(sandbox, said)
    assert_phones_are_findable(phones)


def _wire_key(phone_id: uuid.UUID, body: Any) -> tuple[str, str]:
    return str(phone_id), repr(sorted(body.items()))


def _writes(sandbox: Sandbox) -> list[Received]:
    return [request for request in sandbox.journal if request.method == "PATCH"]


def _sent_by(change: Change) -> tuple[str, str]:
    """Return the change's PATCH in the form of the sandbox's journal."""
    body: dict[str, Any] = {}
    for name, value in change.after.items():
        if name == "nickname":
            body[name] = value or None
        else:
            body[f"{name}_version_id"] = value and str(value.version_id)
    return _wire_key(change.phone_id, body)


def _assert_every_write_has_its_entry(sandbox: Sandbox, changes: list[Change], has_applied_late: bool) -> None:
    """I0 to I3: no write without an entry, none twice, and every entry is true.

    A write applied within a minute is never recorded as failed, and no write of this desk is recorded as made outside:
    it is recorded as applied, or as applied late.
    """
    received: Counter[tuple[str, str]] = Counter()
    applied: Counter[tuple[str, str]] = Counter()
    late: Counter[tuple[str, str]] = Counter()
    for request in _writes(sandbox):
        if request.path.endswith(PUBLISHING):
            continue
        key = _wire_key(uuid.UUID(request.path.rpartition("/")[2]), request.body)
        # A write held off by a rate limiter was not processed.
        received[key] += request.status != 429
        applied[key] += request.applied
        late[key] += request.applied and (has_applied_late or request.is_later_than(APPLIED_WITHIN))
    ours = [change for change in changes if change.source not in SETTLED_AT_ONCE]
    written = Counter(_sent_by(change) for change in ours)
    confirmed = Counter(_sent_by(change) for change in ours if change.outcome == Outcome.CONFIRMED)
    possible = Counter(_sent_by(change) for change in ours if change.outcome in MAYBE_APPLIED)
    for key, count in received.items():
        assert count <= 2 * written[key], f"Sent {count} times, written down {written[key]} times: {key}"
    for key, count in applied.items():
        assert count <= written[key], f"Applied {count} times, written down {written[key]} times: {key}"
        told = possible[key] + late[key]
        assert count <= told, f"Applied {count} times, said to be so {told} times: {key}"
    _assert_nobody_is_blamed(changes, {key for key, count in late.items() if count})
    for key, count in confirmed.items():
        assert count <= applied[key], f"Confirmed {count} times, applied {applied[key]} times: {key}"


def _assert_nobody_is_blamed(changes: list[Change], late: set[tuple[str, str]]) -> None:
    """I0: a write of this desk that Diga applied late is not recorded as made outside."""
    ours = {
        (change.phone_id, name, reads_as(name, wanted))
        for change in changes
        if change.source not in SETTLED_AT_ONCE and _sent_by(change) in late
        for name, wanted in change.after.items()
    }
    for change in changes:
        names = set(change.after) - {"status"} if change.source == Source.OUTSIDE else set()
        blamed = {name for name in names if (change.phone_id, name, reads_as(name, change.after[name])) in ours}
        assert not blamed, (
            f"Said to be somebody else's, and sent from here: {change} {blamed}: {_story(changes, change)}"
        )


def _story(changes: list[Change], of: Change) -> list[str]:
    """Return all changes of the same number, in short."""
    history = (change for change in changes if change.phone_id == of.phone_id)
    return [f"{each.pk} {each.source} {each.outcome} {each.before} -> {each.after}" for each in history]


def _assert_published_is_published(sandbox: Sandbox, changes: list[Change]) -> None:
    """I0: a version is published in our copy, and confirmed in the audit log, only if Diga has published it."""
    published = {
        version_id
        for project in sandbox.projects.values()
        for agent in project.agents.values()
        for version_id in agent.was_published
    }
    ours = set(AgentVersion.objects.filter(is_published=True).values_list("pk", flat=True))
    assert ours <= published, f"Published in our copy alone: {ours - published}"
    for change in changes:
        lanes = [change.after.get(name) for name in ("inbound", "outbound") if change.outcome == Outcome.CONFIRMED]
        confirmed = {lane.version_id for lane in lanes if lane and lane.version_id}
        assert confirmed <= published, f"Confirmed, and never published: {change}"


def _assert_every_publishing_has_its_plan(sandbox: Sandbox, is_at_rest: bool) -> None:
    """I1, I2, I3 for publications: none is sent twice, and each of its log entries is of a number of a plan."""
    received: Counter[tuple[str, str]] = Counter()
    applied: Counter[tuple[str, str]] = Counter()
    for request in _writes(sandbox):
        if request.path.endswith(PUBLISHING):
            assert isinstance(request.body, dict)
            assert request.body.keys() == {"version_id"}, f"More than a version was sent: {request.body}"
            key = (request.path.split("/")[3], str(request.body["version_id"]))
            received[key] += 1
            applied[key] += request.applied
    requests = list(PublishRequest.objects.all())

    def count(*outcomes: str) -> Counter[tuple[str, str]]:
        keys = ((str(each.agent_id), each.after["version_id"]) for each in requests if each.outcome in outcomes)
        return Counter(keys)

    written, possible = count(*Outcome), count(*MAYBE_APPLIED)
    for key, times in received.items():
        assert times <= written[key], f"Published {times} times, written down {written[key]} times: {key}"
        assert applied[key] <= possible[key], f"Published, and said not to be: {key}"
    for key, times in count(Outcome.CONFIRMED).items():
        assert times <= applied[key], f"Confirmed {times} times, published {applied[key]} times: {key}"
    assert not (is_at_rest and count(Outcome.PENDING)), "A request to publish was left pending"
    entries = set(Change.objects.filter(source=Source.PUBLISH).values_list("pk", flat=True))
    known = PlanItem.objects.filter(plan__request__outcome__in=["CONFIRMED", "MISMATCH"], change__isnull=False)
    assert entries == set(known.values_list("change_id", flat=True)), "An entry of no plan"


def _assert_entries_are_settled(changes: list[Change], is_at_rest: bool) -> None:
    """I1: an entry is settled, or is known to be unknown and is rechecked until a person has to decide."""
    for change in changes:
        if change.outcome == Outcome.PENDING:
            assert not is_at_rest, f"Left pending: {change}"
        elif change.outcome == Outcome.UNKNOWN:
            is_old = (timezone.now() - change.created_at).total_seconds() > 24 * 3600
            assert change.settled_at is None, f"Unknown and settled: {change}"
            assert change.next_look_at or is_old or change.look_count, f"Nobody looks at it again: {change}"
        else:
            assert change.settled_at is not None, f"Ended at no time: {change}"
            assert change.next_look_at is None, f"Ended, and still looked at: {change}"
    pending = Counter(change.phone_id for change in changes if change.outcome == Outcome.PENDING)
    assert all(count == 1 for count in pending.values()), "Two writes of one phone at a time"


def _assert_copies_are_true(
    sandbox: Sandbox, phones: list[Phone], changes: list[Change], changed_outside: Collection[uuid.UUID]
) -> None:
    """I4: a row has what Diga last returned, never what a form asked for."""
    held = {phone.id: phone for project in sandbox.projects.values() for phone in project.phones}
    open_fields: dict[uuid.UUID, set[str]] = {}
    for change in changes:
        if change.outcome in {Outcome.PENDING, Outcome.UNKNOWN}:
            open_fields.setdefault(change.phone_id, set()).update(_columns(change))
    for phone in phones:
        if phone.pk not in held or phone.pk in changed_outside:
            continue
        theirs = held[phone.pk]
        wrong = [name for name in COPIED if getattr(phone, name) != getattr(theirs, name)]
        # The outcome of an open write has not been read yet.
        assert set(wrong) <= open_fields.get(phone.pk, set()), f"{phone.pk} differs from Diga in {wrong}"


def _columns(change: Change) -> set[str]:
    return {name if name == "nickname" else f"{name}_agent_id" for name in change.after}


def _assert_chains_verify(changes: list[Change]) -> None:
    """I5: an entry has a seal for its beginning, one for its end, and the chain over all of them is intact."""
    for project in Project.objects.all():
        verdict = verify_log(project=project)
        # Before the commit there is no file yet.
        faults = [fault for fault in verdict.faults if not (connection.in_atomic_block and " is gone: nobody" in fault)]
        assert not faults, str(faults)
    seals = Counter(ChangeSeal.objects.values_list("change_id", "kind"))
    for change in changes:
        begun, settled = (seals[change.pk, kind] for kind in (SealKind.BEGUN, SealKind.SETTLED))
        assert begun == (change.source not in SETTLED_AT_ONCE), f"{begun} seals of the beginning: {change}"
        # An unknown outcome is sealed, and sealed again once it is known.
        assert settled in ({0} if change.outcome == Outcome.PENDING else {1, 2}), f"{settled} seals of the end"


def _assert_plans_add_up() -> None:
    """No row of a plan is lost, each agrees with its change, and none is open when its plan has finished."""
    for plan in Plan.objects.all():
        rows = list(plan.items.select_related("change").order_by("number"))
        assert [row.number for row in rows] == list(range(1, len(rows) + 1)), f"Rows are missing: {plan}"
        ends = ENDS | (READ_BACK if plan.kind == PlanKind.PUBLISH else {})
        for row in rows:
            outcome = Outcome(row.change.outcome) if row.change else None
            assert outcome in ends.get(ItemState(row.state), {None, Outcome.FAILED, Outcome.REFUSED}), (
                f"{row}: {outcome}"
            )
            assert plan.kind != PlanKind.PUBLISH or _is_as_its_request(plan, row), f"{row}: another than its request"
            is_open = row.state in {ItemState.WAITING, ItemState.CLAIMED} or (
                row.state == ItemState.SENDING and not plan.is_paused
            )
            assert not (is_open and plan.is_over), f"Left open: {row}"


def _is_as_its_request(plan: Plan, row: PlanItem) -> bool:
    """Return whether the state of a row of a plan that publishes agrees with the outcome of the request."""
    request = PublishRequest.objects.filter(plan=plan).first()
    if request is None:
        return row.state in {ItemState.WAITING, ItemState.LEFT_OUT, ItemState.NOT_TRIED}
    if request.is_published:
        return row.state != ItemState.SENDING
    if request.is_open:
        return row.state == ItemState.SENDING or (row.state == ItemState.UNKNOWN and request.next_look_at is None)
    return row.state == request.outcome


def _assert_key_is_nowhere(sandbox: Sandbox, said: str) -> None:
    """I6: no key in a column (they are encrypted) and in none of the texts."""
    text = "\n".join([said, *map(repr, _stored())])
    for token in sandbox.keys:
        assert token not in text, f"The key that ends with {token[-4:]} leaked"


def _stored() -> Iterator[tuple[Any, ...]]:
    """Yield every row of our tables as it is in the database: models would make objects of thousands of values."""
    with connection.cursor() as cursor:
        for model in apps.get_models():
            cursor.execute(f"SELECT * FROM {connection.ops.quote_name(model._meta.db_table)}")  # noqa: S608 - our names.
            yield from cursor.fetchall()
