"""The API key of a project: stored, replaced, checked again and deleted."""

from datetime import datetime
from typing import Any

from django.contrib.auth.models import User
from django.db import connection, transaction
from django.utils.text import slugify
from django.views.decorators.debug import sensitive_variables

from phones import diga
from phones.models import ActKind, Membership, NoKey, Phone, Project, Role, TokenState
from phones.services.audit.acts import record_act
from phones.services.projects.answers import KeyChanged, has_same_key, note_of_key
from phones.services.projects.clients import client_for, client_with
from phones.services.projects.identity import ForeignProject, refuse_other_project
from phones.services.projects.key_checks import KeyCheck, check_key

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
    "can_read_billing",
)
# First segments of addresses that are not projects.
RESERVED_SLUGS = {"connect"}
# The number of PostgreSQL's advisory lock for storing a key.
KEYS_LOCK = 0x6B657973


class KeyRejected(Exception):
    """Diga was asked and the key can't be used; `check` says what it may do."""

    def __init__(self, check: KeyCheck) -> None:
        super().__init__("The key was rejected")
        self.check = check


def _learned(check: KeyCheck) -> dict[str, Any]:
    """Return the project's fields that a check has determined; unknown permissions are left out."""
    if check.is_usable:
        return {
            "can_read_phones": check.phones.is_allowed,
            "can_read_agents": check.agents.is_allowed,
            "can_read_calls": check.calls.is_allowed,
            # Asked for when a number is opened.
            "can_read_billing": None,
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
    client = client_with(token, str(project.pk))
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
    client = client_with(token, str(project.pk))
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


def recheck(*, project: Project, actor: User | None, now: datetime) -> KeyCheck:
    """Test again what the stored key may do, and store the result.

    :raises NoKey: the project has no usable key.
    :raises KeyChanged: the key was replaced or removed meanwhile.
    """
    check = check_key(client_for(project), now=now)
    learned = _learned(check)
    if check.is_usable and project.is_read_only:
        # The right may have been added meanwhile: the next save tells.
        learned["can_write_phones"] = None
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
