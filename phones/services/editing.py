"""The one way to change a phone: guard, re-read, compare, diary, one PATCH, verify.

Whatever changes a phone passes through `change_phone`, so that none of these steps can be skipped. No
transaction is open while the network is used.
"""

import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from django.contrib.auth.models import User
from django.db import IntegrityError, transaction

from phones import diga
from phones.models import Change, Outcome, Phone, Project, Source, TokenState

from .connecting import client_for, note_refusal
from .directory import directory_of
from .impact import Direction, Impact, Target, Use, fingerprint, foresee
from .intention import FIELDS, Base, Intention, frozen, frozen_intention, renewed
from .policy import Policy, policy_for
from .storing import learn_published, store_agents, store_phone
from .syncing import cause_of

Clock = Callable[[], datetime]
# A large agent answers on thousands of numbers; sentences name a few and count the rest.
NAMED_USES = 20


class NothingToChange(Exception):
    """The intention is empty, or the phone is already so."""


class NotEditable(Exception):
    """The phone's status closes a field that was to be changed; `policy` says why."""

    def __init__(self, policy: Policy) -> None:
        super().__init__("The phone's status does not allow this change")
        self.policy = policy


class PredictedRefusal(Exception):
    """Diga would refuse: nothing was sent. `impacts` says because of which phones."""

    def __init__(self, impacts: tuple[Impact, ...]) -> None:
        super().__init__("Diga would refuse this change")
        self.impacts = impacts


class NoConsent(Exception):
    """Live calls would change in a way that the person has not ticked; `impacts` says how."""

    def __init__(self, impacts: tuple[Impact, ...]) -> None:
        super().__init__("The person has not agreed to what this change does")
        self.impacts = impacts


class Conflict(Exception):
    """Somebody else changed the same fields meanwhile: nothing was sent. `now` is what Diga says."""

    def __init__(self, fields: tuple[str, ...], base: Base, now: Base, wanted: Intention) -> None:
        super().__init__("The phone was changed by somebody else")
        self.fields, self.base, self.now, self.wanted = fields, base, now, wanted


class AlreadySent(Exception):
    """This form was sent before and its change is still under way."""


class ReadOnlyProject(Exception):
    """Nothing can be written: there is no key, or Diga has rejected it."""


@dataclass(frozen=True, slots=True)
class Saved:
    """The change made, and what there is to say about it.

    `merged` are the fields somebody else had changed meanwhile, which were left as they are. `error` is why
    the write got no usable answer, if it got none.
    """

    change: Change
    merged: tuple[str, ...] = ()
    impacts: tuple[Impact, ...] = ()
    error: diga.DigaError | None = None


@dataclass(frozen=True, slots=True)
class Author:
    """Who changes, why, and on which form (`form_token` makes two sends of one form one write)."""

    user: User | None
    reason: str = ""
    ticket: str = ""
    source: Source = Source.FORM
    form_token: uuid.UUID | None = None


def impacts_of(phone: Phone, intention: Intention) -> tuple[Impact, ...]:
    """Say what the intention will do with live calls, lane by lane. One query for each agent wanted."""
    return tuple(
        _impact(phone, intention, direction)
        for direction in Direction
        if not isinstance(intention.lane(direction), diga.Unset)
    )


def _impact(phone: Phone, intention: Intention, direction: Direction) -> Impact:
    target = intention.lane(direction)
    other = Direction.OUTBOUND if direction is Direction.INBOUND else Direction.INBOUND
    other_target = intention.lane(other)
    keeps = isinstance(other_target, diga.Unset)
    lane_agent = getattr(phone, f"{other}_agent_id") if keeps else intention.wanted(other)
    others, other_count = _other_uses(phone, target) if isinstance(target, Target) else ([], 0)
    return foresee(
        direction=direction,
        target=target if isinstance(target, Target) else None,
        others=others,
        other_count=other_count,
        other_lane=lane_agent if isinstance(lane_agent, uuid.UUID) else None,
        other_target=other_target if isinstance(other_target, Target) else None,
    )


def _other_uses(phone: Phone, target: Target) -> tuple[list[Use], int]:
    """Return the first of the other phones that the target's agent answers or dials from, and their number."""
    users = Phone.objects.filter(project=phone.project_id).using_agents({target.agent.id}).exclude(pk=phone.pk)
    first = [Use(*row) for row in users.values_list("pk", "shown")[: NAMED_USES + 1]]
    return first[:NAMED_USES], len(first) if len(first) <= NAMED_USES else users.count()


def change_phone(
    *,
    project: Project,
    phone: Phone,
    intention: Intention,
    base: Base,
    author: Author,
    agreed: str | None,
    clock: Clock,
) -> Saved:
    """Change a phone through Diga, and return what became of it.

    `agreed` is the fingerprint of the impacts the person has ticked, or None. The phone's row and the diary
    are right afterwards, whatever happens. `Saved.change.outcome` may be any but `PENDING`.

    :raises NothingToChange: nothing differs; nothing was sent.
    :raises ReadOnlyProject: there is no key, or Diga has rejected it; nothing was sent.
    :raises NotEditable: the status closes a field; nothing was sent.
    :raises PredictedRefusal: Diga would refuse; nothing was sent.
    :raises NoConsent: consent is needed and `agreed` is for something else; nothing was sent.
    :raises Conflict: somebody changed the same field meanwhile; nothing was sent.
    :raises AlreadySent: the same form is being sent right now.
    :raises DigaError: the re-read before the write failed; nothing was sent.
    """
    earlier = _earlier(phone, author)
    if earlier is not None:
        return Saved(earlier)
    if intention.is_empty:
        raise NothingToChange
    if not project.is_connected or project.token_state == TokenState.REJECTED:
        raise ReadOnlyProject
    client = client_for(project)
    _refuse_closed_fields(phone, intention)
    now = reread(project=project, phone=phone, client=client, clock=clock)
    earlier = _earlier(phone, author)
    if earlier is not None:
        # The other click of a double click was done while this one was reading.
        return Saved(earlier)
    _refuse_closed_fields(phone, intention)
    merged = _compare(base, now, intention)
    intention = intention.remaining(now)
    if intention.is_empty:
        raise NothingToChange
    impacts = _guard(project, phone, intention, client, agreed, clock)
    change = _begin(project, phone, intention, author, clock())
    error = _send(project, phone, intention, client, change, clock)
    return Saved(change, merged, impacts, error)


def _earlier(phone: Phone, author: Author) -> Change | None:
    if author.form_token is None:
        return None
    change = Change.objects.filter(form_token=author.form_token, phone=phone).first()
    if change is not None and change.outcome == Outcome.PENDING:
        raise AlreadySent
    return change


def _refuse_closed_fields(phone: Phone, intention: Intention) -> None:
    policy = policy_for(phone)
    wants_route = not {"inbound", "outbound"}.isdisjoint(intention.fields)
    if (wants_route and not policy.can_route) or not policy.can_label:
        raise NotEditable(policy)


def reread(*, project: Project, phone: Phone, client: diga.DigaClient, clock: Clock) -> Base:
    """Read the phone from Diga, copy the answer to its row, and return what it says now.

    :raises DigaError: Diga gave no usable answer; the row is as before, but for `missing_since` after a 404.
    """
    asked_at = clock()
    try:
        record = client.get_phone(phone.pk)
    except diga.DigaNotFound:
        if phone.missing_since is None:
            phone.missing_since = asked_at
            phone.save(update_fields=["missing_since"])
        raise
    except diga.DigaError as error:
        note_refusal(project, error)
        raise
    store_phone(phone, record, fetched_at=asked_at)
    return Base.of(record)


def _compare(base: Base, now: Base, intention: Intention) -> tuple[str, ...]:
    """Compare base, now and wanted per field; return the fields others changed that the person left alone.

    A version is not told by a read, so a lane is compared by its agent.
    """
    moved = [name for name in FIELDS if base.value(name) != now.value(name)]
    clashing = [name for name in moved if name in intention.fields and not intention.is_met(name, now)]
    if clashing:
        raise Conflict(tuple(clashing), base, now, intention)
    return tuple(name for name in moved if name not in intention.fields)


def _guard(
    project: Project,
    phone: Phone,
    intention: Intention,
    client: diga.DigaClient,
    agreed: str | None,
    clock: Clock,
) -> tuple[Impact, ...]:
    impacts = impacts_of(phone, intention)
    if any(impact.is_refused for impact in impacts):
        # Our copy of what is published may be old: ask before telling a person that something can't be done.
        try:
            store_agents(project, client.list_agents(), now=clock())
        except diga.DigaError as error:
            note_refusal(project, error)
            raise
        intention = renewed(intention, directory_of(project))
        impacts = impacts_of(phone, intention)
        if any(impact.is_refused for impact in impacts):
            raise PredictedRefusal(impacts)
    if any(impact.needs_consent for impact in impacts) and agreed != fingerprint(impacts):
        raise NoConsent(impacts)
    return impacts


def _begin(project: Project, phone: Phone, intention: Intention, author: Author, now: datetime) -> Change:
    """Commit the diary row before anything is sent."""
    try:
        with transaction.atomic():
            return Change.objects.create(
                project=project,
                phone=phone,
                number=phone.shown,
                source=author.source,
                actor=author.user,
                actor_name=author.user.get_full_name() or author.user.get_username() if author.user else "",
                reason=author.reason,
                ticket=author.ticket,
                before=frozen(directory_of(project), Base.of(phone), intention.fields),
                after=frozen_intention(intention),
                created_at=now,
                form_token=author.form_token,
            )
    except IntegrityError:
        if author.form_token is None:
            raise
        raise AlreadySent from None


def _send(
    project: Project,
    phone: Phone,
    intention: Intention,
    client: diga.DigaClient,
    change: Change,
    clock: Clock,
) -> diga.DigaError | None:
    """Send the PATCH once and settle the diary row by the answer; return the error if there was one."""
    try:
        record = client.update_phone(phone.pk, intention.update())
    except diga.DigaError as error:
        _settle_failure(project, phone, intention, client, change, error, clock)
        return error
    now = clock()
    with transaction.atomic():
        # The answer to a write is the newest there is, whatever the clocks of other machines say.
        store_phone(phone, record, fetched_at=max(now, phone.fetched_at))
        _settle_answer(project, change, intention, Base.of(record), now)
        change.http_status = 200
        change.save()
        if project.can_write_phones is not True:
            project.can_write_phones = True
            project.save(update_fields=["can_write_phones"])
    return None


def _settle_answer(project: Project, change: Change, intention: Intention, now_says: Base, now: datetime) -> None:
    """Compare what Diga stored with what was wanted, and note the versions it has published thereby."""
    change.settled_at = now
    if not all(intention.is_met(name, now_says) for name in intention.fields):
        change.outcome = Outcome.MISMATCH
        change.stored = frozen(directory_of(project), now_says, intention.fields)
        return
    change.outcome = Outcome.CONFIRMED
    lanes = (intention.inbound, intention.outbound)
    learn_published(project, [lane.version.id for lane in lanes if isinstance(lane, Target)], now=now)


def _settle_failure(
    project: Project,
    phone: Phone,
    intention: Intention,
    client: diga.DigaClient,
    change: Change,
    error: diga.DigaError,
    clock: Clock,
) -> None:
    """Write down what a failed write came to: refused, not sent, or, if it may have been applied, what a read says."""
    change.cause, change.message = cause_of(error), error.message
    change.http_status, change.request_id = error.status, error.request_id
    note_refusal(project, error)
    if error.sent:
        _settle_unknown(project, phone, intention, client, change, clock)
    elif isinstance(error, diga.DigaRejected | diga.DigaNotFound) and len(intention.fields) > 1:
        _settle_refusal_of_many(project, phone, intention, client, change, clock)
    else:
        change.outcome = (
            Outcome.FAILED if isinstance(error, diga.DigaUnavailable | diga.DigaRateLimited) else Outcome.REFUSED
        )
        change.settled_at = clock()
    if isinstance(error, diga.DigaForbidden) and project.can_write_phones is not False:
        project.can_write_phones = False
        project.save(update_fields=["can_write_phones"])
    change.save()


def _settle_refusal_of_many(
    project: Project,
    phone: Phone,
    intention: Intention,
    client: diga.DigaClient,
    change: Change,
    clock: Clock,
) -> None:
    """Read back after a refusal of several fields: it is not documented that the others are left as they were."""
    before = Base.of(phone)
    try:
        now_says = reread(project=project, phone=phone, client=client, clock=clock)
    except diga.DigaError:
        change.outcome = Outcome.UNKNOWN
        return
    change.outcome, change.settled_at = Outcome.REFUSED, clock()
    if any(now_says.value(name) != before.value(name) for name in intention.fields):
        change.outcome = Outcome.MISMATCH
        change.stored = frozen(directory_of(project), now_says, intention.fields)


def _settle_unknown(
    project: Project,
    phone: Phone,
    intention: Intention,
    client: diga.DigaClient,
    change: Change,
    clock: Clock,
) -> None:
    """Read back after a lost answer. A lane whose agent stays the same can't be told by a read: it stays unknown."""
    change.outcome = Outcome.UNKNOWN
    before = Base.of(phone)
    try:
        now_says = reread(project=project, phone=phone, client=client, clock=clock)
    except diga.DigaError:
        return
    if any(intention.is_met(name, before) for name in intention.fields):
        return
    if all(intention.is_met(name, now_says) for name in intention.fields):
        _settle_answer(project, change, intention, now_says, clock())
    elif all(now_says.value(name) == before.value(name) for name in intention.fields):
        change.outcome, change.settled_at = Outcome.FAILED, clock()
