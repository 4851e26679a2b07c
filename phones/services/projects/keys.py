"""The API key of a project: checked by reads only, stored, replaced and used."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from functools import cache, lru_cache
from pathlib import Path
from typing import Any

import requests
from django.conf import settings
from django.contrib.auth.models import User
from django.db import connection, transaction
from django.utils.text import slugify
from django.utils.translation import gettext_lazy as _
from django.views.decorators.debug import sensitive_variables

from phones import diga
from phones.models import ActKind, Membership, NoKey, Phone, Project, Role, TokenState
from phones.services.audit.acts import record_act
from phones.services.projects.identity import ForeignProject, refuse_other_project

SHORTEST_KEY = 16
MASK_LETTERS = "•*…"
# The fields that a check writes (`update_fields`): Diga's answer takes time, and a sync may write the others meanwhile.
KEY_FIELDS = (
    "sealed_token",
    "token_id",
    "token_last_four",
    "token_state",
    "token_by",
    "token_at",
    "token_accepted_at",
    "foreign_cause",
    "can_read_phones",
    "can_write_phones",
    "can_read_agents",
    "can_read_calls",
)
# First segments of addresses that are not projects.
# Reasons that mean that Diga, or the network, is down; any other may be one bad answer.
_SILENCES = frozenset(
    {
        diga.Reason.REFUSED,
        diga.Reason.NAME,
        diga.Reason.CONNECT_TIMEOUT,
        diga.Reason.TLS,
        diga.Reason.TIMEOUT,
        diga.Reason.DISCONNECTED,
        diga.Reason.DEADLINE,
        diga.Reason.SERVER_ERROR,
        diga.Reason.NOT_JSON,
    }
)
RESERVED_SLUGS = {"connect"}
# The number of PostgreSQL's advisory lock for storing a key.
KEYS_LOCK = 0x6B657973


class UnusableKey(Exception):
    """The typed text can't be an API key; the argument is a sentence for the person."""


class KeyChanged(Exception):
    """The key that Diga was asked about was replaced or removed meanwhile: nothing was stored."""


class KeyRejected(Exception):
    """Diga was asked and the key can't be used; `check` says what it may do."""

    def __init__(self, check: "KeyCheck") -> None:
        super().__init__("The key was rejected")
        self.check = check


@dataclass(frozen=True)
class Capability:
    """Whether a key may do one thing: True, False, or None if unknown; and the error of the request."""

    is_allowed: bool | None
    count: int | None = None
    is_count_complete: bool = True
    error: diga.DigaError | None = None


@dataclass(frozen=True)
class KeyCheck:
    """The permissions of a key, tested by reads only. Write permission can't be tested without a change."""

    phones: Capability
    agents: Capability
    calls: Capability
    checked_at: datetime

    @property
    def is_usable(self) -> bool:
        """True when phones and agents can be read: the minimum to work."""
        return bool(self.phones.is_allowed and self.agents.is_allowed)

    @property
    def error(self) -> diga.DigaError | None:
        """The first error of a required read."""
        return self.phones.error or self.agents.error


@sensitive_variables("text")
def clean_key(text: str) -> str:
    """Return the API key in a pasted text: without blanks and a leading `Bearer`.

    :raises UnusableKey: empty, a mask, too short, or with characters that a header can't carry.
    """
    key = "".join(text.split())
    if key.lower().startswith("bearer"):
        key = key[len("bearer") :].lstrip(":")
    if not key:
        raise UnusableKey(_("Paste the API key. Nothing was changed."))
    if any(letter in MASK_LETTERS for letter in key):
        raise UnusableKey(_("This is the masked form of a key. Paste the key itself; Diga shows it once."))
    if len(key) < SHORTEST_KEY or not key.isascii() or not key.isprintable():
        raise UnusableKey(_("This can’t be an API key of Diga: it is too short or has odd characters."))
    return key


@cache
def _session() -> requests.Session:
    """The session, with one pool of kept connections, of the process."""
    return diga.new_session(proxy_url=settings.DIGA_PROXY_URL)


@lru_cache(maxsize=256)
def _pace(name: str, per_second: float, folder: Path, redis_url: str | None) -> diga.Pace:
    return diga.make_pace(
        name, per_second, sqlite_path=None if redis_url else folder / "pace.sqlite3", redis_url=redis_url
    )


@sensitive_variables("token")
def _client(token: str, pace_name: str) -> diga.DigaClient:
    pace = _pace(pace_name, settings.DIGA_REQUESTS_PER_SECOND, settings.DATA_DIR, settings.REDIS_URL)
    return diga.DigaClient(token, base_url=settings.DIGA_API_URL, session=_session(), pace=pace)


def client_for(project: Project) -> diga.DigaClient:
    """Return a client with the project's key and its pace.

    Callers store what its answers say about the key (`note_of_key`) by way of the same `project` instance, which
    knows the key.

    :raises NoKey: the project has no usable key.
    """
    return _client(project.open_token(), str(project.pk))


def _capability(read: Callable[[], tuple[int, bool]]) -> Capability:
    """Run one read and return what it shows: 403 means not permitted, other errors mean unknown."""
    try:
        count, is_complete = read()
    except diga.DigaForbidden as error:
        return Capability(False, error=error)
    except diga.DigaAuthError as error:
        return Capability(False, error=error)
    except diga.DigaError as error:
        return Capability(None, error=error)
    return Capability(True, count, is_complete)


def check_key(client: diga.DigaClient, *, now: datetime) -> KeyCheck:
    """Test by reads what the client's key may do. Three requests, one if the first is refused."""

    def phones() -> tuple[int, bool]:
        page = client.list_phones(limit=100)
        return len(page.data), not page.has_more

    def agents() -> tuple[int, bool]:
        return len(client.list_agents().data), True

    def calls() -> tuple[int, bool]:
        client.list_calls(limit=1)
        return 0, True

    first = _capability(phones)
    if isinstance(first.error, (diga.DigaAuthError, diga.DigaUnavailable, diga.DigaRateLimited)):
        # The key is unknown, or Diga doesn't answer: two more requests would only take longer.
        unasked = Capability(None)
        return KeyCheck(first, unasked, unasked, now)
    return KeyCheck(first, _capability(agents), _capability(calls), now)


def _learned(check: KeyCheck) -> dict[str, Any]:
    """Return the project's fields that a check has determined; unknown permissions are left out."""
    if check.is_usable:
        return {
            "can_read_phones": check.phones.is_allowed,
            "can_read_agents": check.agents.is_allowed,
            "can_read_calls": check.calls.is_allowed,
            "token_state": TokenState.ACCEPTED,
            "token_accepted_at": check.checked_at,
        }
    if isinstance(check.error, diga.DigaAuthError):
        return {"token_state": TokenState.REJECTED}
    known = {f"can_read_{name}": getattr(check, name).is_allowed for name in ("phones", "agents", "calls")}
    return {name: is_allowed for name, is_allowed in known.items() if is_allowed is not None}


def _keep(project: Project, token: str, check: KeyCheck, *, actor: User | None, now: datetime) -> None:
    """Set the project's fields for a checked key, with what the check has shown."""
    project.keep_token(token, by=actor, at=now)
    for name, value in _learned(check).items():
        setattr(project, name, value)


def _refuse_second_key(client: diga.DigaClient, project: Project | None) -> None:
    """Refuse a key of a Diga project that is connected here under another name."""
    phone_ids = [phone.id for phone in client.list_phones(limit=100).data]
    taken = Phone.objects.filter(pk__in=phone_ids).exclude(project=project).exists()
    if taken:
        raise ForeignProject


@sensitive_variables("token")
def connect_project(*, name: str, token: str, actor: User | None, now: datetime) -> tuple[Project, KeyCheck]:
    """Check a key and create a project with it; the actor becomes its administrator.

    `token` is as `clean_key` returns it. A second request of the same form returns the project of the first.

    :raises KeyRejected: phones or agents can't be read with it; nothing is stored.
    :raises ForeignProject: the Diga project behind it is connected already; nothing is stored.
    """
    project = Project(name=name, can_write_phones=None)
    client = _client(token, str(project.pk))
    check = check_key(client, now=now)
    if not check.is_usable:
        raise KeyRejected(check)
    _refuse_second_key(client, _sent_before(name, token, actor))
    _keep(project, token, check, actor=actor, now=now)
    with transaction.atomic():
        _take_turn()
        earlier = _sent_before(name, token, actor)
        if earlier:
            return earlier, check
        project.slug = _free_slug(name)
        project.save()
        if actor is not None:
            Membership.objects.create(project=project, user=actor, role=Role.ADMIN)
        _record(ActKind.KEY_CONNECTED, project, actor, now)
    return project, check


def _record(kind: ActKind, project: Project, actor: User | None, now: datetime, **details: str) -> None:
    """Write down what was done to the project's key, with the part of it that pages show."""
    key = {"key": project.masked_token} if project.is_connected else {}
    record_act(kind=kind, project=project, actor=actor, at=now, details=key | details)


def _take_turn() -> None:
    """Take PostgreSQL's advisory lock for storing keys, so that each key is compared with all that are stored.

    SQLite never runs two writing transactions at the same time.
    """
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [KEYS_LOCK])


@sensitive_variables("token")
def _sent_before(name: str, token: str, actor: User | None) -> Project | None:
    """Return the project that an earlier request of the same form has created, None if there is none.

    :raises ForeignProject: another person stored that key, or under another name.
    """
    earlier = _with_key(token)
    if earlier and (earlier.name != name or earlier.token_by != actor):
        raise ForeignProject
    return earlier


@sensitive_variables("token", "kept")
def _with_key(token: str, *, besides: Project | None = None) -> Project | None:
    """Return another project with the same key: the test while no phone has been copied that would show it."""
    others = Project.objects.filter(token_last_four=token[-4:]).select_related("token_by")
    for other in others.exclude(pk=besides.pk) if besides else others:
        try:
            kept = other.open_token()
        except NoKey:
            continue
        if kept == token:
            return other
    return None


@sensitive_variables("token")
def replace_key(*, project: Project, token: str, actor: User | None, now: datetime) -> KeyCheck:
    """Check a key and store it in place of the project's key, which stays in use until the new one passes.

    :raises KeyRejected: phones or agents can't be read with it; the old key stays.
    :raises ForeignProject: it opens the Diga project of another project here.
    :raises OtherProject: it opens another Diga project than before.
    """
    client = _client(token, str(project.pk))
    check = check_key(client, now=now)
    if not check.is_usable:
        raise KeyRejected(check)
    _refuse_second_key(client, project)
    refuse_other_project(project, client, client.list_agents().data)
    _keep(project, token, check, actor=actor, now=now)
    project.can_write_phones = None
    with transaction.atomic():
        _take_turn()
        if _with_key(token, besides=project):
            raise ForeignProject
        project.save(update_fields=KEY_FIELDS)
        _record(ActKind.KEY_REPLACED, project, actor, now)
    return check


def disconnect(*, project: Project, actor: User | None, now: datetime) -> None:
    """Delete the key. The copy of the phones and the history stay, read-only."""
    key = project.masked_token
    project.forget_token()
    with transaction.atomic():
        project.save(update_fields=["sealed_token", "token_id", "token_last_four", "token_state", "foreign_cause"])
        _record(ActKind.KEY_DISCONNECTED, project, actor, now, key=key)


def has_same_key(project: Project) -> bool:
    """Return whether the project still has the key that it had when it was loaded."""
    return Project.objects.filter(pk=project.pk, token_id=project.token_id).exists()


def note_of_key(project: Project, **news: Any) -> bool:
    """Store what an answer says about the key that got it; False if that was replaced or removed meanwhile."""
    if not Project.objects.filter(pk=project.pk, token_id=project.token_id).update(**news):
        return False
    for name, value in news.items():
        setattr(project, name, value)
    return True


def note_refusal(project: Project, error: diga.DigaError, now: datetime) -> None:
    """Store what a failed call says about the key (401 rejects it) and about Diga (no answer: it is down).

    A key that opens another project's data here is recorded as well.
    """
    if isinstance(error, diga.DigaAuthError) and not project.is_rejected:
        note_of_key(project, token_state=TokenState.REJECTED)
    if isinstance(error, ForeignProject):
        note_of_key(project, foreign_cause=error.cause)
    if not isinstance(error, diga.DigaUnavailable):
        note_answer(project)
    elif error.reason in _SILENCES and project.is_reachable:
        project.unreachable_since, project.unreachable_cause = now, error.reason.value
        project.save(update_fields=["unreachable_since", "unreachable_cause"])


def note_answer(project: Project, *, is_ours: bool = False) -> None:
    """Store that Diga answers, if that is news. `is_ours` says that its agents are this project's."""
    if is_ours and project.foreign_cause:
        note_of_key(project, foreign_cause="")
    if not project.is_reachable:
        project.unreachable_since, project.unreachable_cause = None, ""
        project.save(update_fields=["unreachable_since", "unreachable_cause"])


def recheck(*, project: Project, actor: User | None, now: datetime) -> KeyCheck:
    """Test again what the stored key may do, and store the result.

    :raises NoKey: the project has no usable key.
    :raises KeyChanged: the key was replaced or removed meanwhile.
    """
    check = check_key(client_for(project), now=now)
    learned = _learned(check)
    with transaction.atomic():
        if not (note_of_key(project, **learned) if learned else has_same_key(project)):
            raise KeyChanged
        _record(ActKind.KEY_CHECKED, project, actor, now, result=learned.get("token_state", "UNKNOWN"))
    return check


def _free_slug(name: str) -> str:
    """Return a slug for the name that no project has."""
    base = slugify(name)[:70] or "project"
    taken = set(Project.objects.filter(slug__startswith=base).values_list("slug", flat=True))
    number, slug = 2, base
    while slug in taken or slug in RESERVED_SLUGS:
        slug, number = f"{base}-{number}", number + 1
    return slug
