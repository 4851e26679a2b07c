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
from phones.models import Change, Outcome, Phone, Project, Source

from .connecting import client_for
from .directory import directory_of
from .guarding import guard_change
from .history import name_agents
from .impact import Impact
from .intention import FIELDS, Base, Intention, frozen, frozen_intention
from .policy import Policy, policy_for
from .reading import reread
from .settling import settle_answer, settle_failure
from .storing import store_phone

Clock = Callable[[], datetime]


class NothingToChange(Exception):
    """The intention is empty, or the phone is already so."""


class NotEditable(Exception):
    """The phone's status closes a field that was to be changed; `policy` says why."""

    def __init__(self, policy: Policy) -> None:
        super().__init__("The phone's status does not allow this change")
        self.policy = policy


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
    """Who changes, why, and on which form (`form_token` makes two sends of one form one write).

    `reverts` is the change that this one takes back, if it does.
    """

    user: User | None
    reason: str = ""
    ticket: str = ""
    source: Source = Source.FORM
    form_token: uuid.UUID | None = None
    reverts: Change | None = None


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
    if not project.is_writable:
        raise ReadOnlyProject
    client = client_for(project)
    _refuse_closed_fields(phone, intention)
    now = reread(project=project, phone=phone, client=client, clock=clock, is_before_write=True)
    earlier = _earlier(phone, author)
    if earlier is not None:
        # The other click of a double click was done while this one was reading.
        return Saved(earlier)
    _refuse_closed_fields(phone, intention)
    merged = _compare(base, now, intention)
    intention = intention.remaining(now)
    if intention.is_empty:
        raise NothingToChange
    impacts = guard_change(project=project, phone=phone, intention=intention, client=client, agreed=agreed, clock=clock)
    change = _begin(project, phone, intention, author, clock())
    error = _send(change, intention, client, clock)
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
    if (intention.moves_calls and not policy.can_route) or not policy.can_label:
        raise NotEditable(policy)


def _compare(base: Base, now: Base, intention: Intention) -> tuple[str, ...]:
    """Compare base, now and wanted per field; return the fields others changed that the person left alone.

    A version is not told by a read, so a lane is compared by its agent.
    """
    moved = [name for name in FIELDS if base.value(name) != now.value(name)]
    clashing = [name for name in moved if name in intention.fields and not intention.is_met(name, now)]
    if clashing:
        raise Conflict(tuple(clashing), base, now, intention)
    return tuple(name for name in moved if name not in intention.fields)


def _begin(project: Project, phone: Phone, intention: Intention, author: Author, now: datetime) -> Change:
    """Commit the diary row before anything is sent."""
    try:
        with transaction.atomic():
            change = Change.objects.create(
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
                reverts=author.reverts,
            )
            name_agents([change])
            return change
    except IntegrityError:
        if author.form_token is None:
            raise
        raise AlreadySent from None


def _send(change: Change, intention: Intention, client: diga.DigaClient, clock: Clock) -> diga.DigaError | None:
    """Send the PATCH once and settle the diary row by the answer; return the error if there was one."""
    project, phone = change.project, change.phone
    try:
        record = client.update_phone(phone.pk, intention.update())
    except diga.DigaError as error:
        settle_failure(change, intention, client, error, clock)
        return error
    now = clock()
    with transaction.atomic():
        # The answer to a write is the newest there is, whatever the clocks of other machines say.
        store_phone(phone, record, fetched_at=max(now, phone.fetched_at), ours=intention.fields)
        settle_answer(change, intention, Base.of(record), now)
        change.http_status = 200
        change.save()
        name_agents([change])
        if project.can_write_phones is not True:
            project.can_write_phones = True
            project.save(update_fields=["can_write_phones"])
    return None
