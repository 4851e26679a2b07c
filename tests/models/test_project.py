"""The key of a project: sealed in the database, bound to its row, opened only with our encryption keys."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from cryptography.fernet import Fernet
from django.db import IntegrityError, connection, transaction

from phones.models import Membership, NoKey, Project, Role, TokenState
from phones.models.fields import SealBroken, seal, unseal
from tests.fixtures.desk import CANARY, Canary, make_user

NOW = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)


@pytest.fixture
def north(db: None) -> Project:
    """A project that keeps a recognisable key."""
    project = Project(name="North", slug="north", token_state=TokenState.ACCEPTED)
    project.keep_token(CANARY, by=None, at=NOW)
    project.save()
    return project


def columns(project: Project) -> dict[str, Any]:
    """Return the row as it lies in the database."""
    key = project.pk if connection.features.has_native_uuid_field else project.pk.hex
    with connection.cursor() as cursor:
        cursor.execute("SELECT * FROM phones_project WHERE id = %s", [key])
        row = cursor.fetchone()
        return dict(zip([column[0] for column in cursor.description or ()], row or (), strict=True))


def test_key_is_in_no_column_of_the_database(north: Project) -> None:
    row = columns(north)

    found = {name: Canary().found_in(str(value)) for name, value in row.items()}

    assert row["name"] == "North"
    assert row["sealed_token"] != ""
    assert row["token_last_four"] == CANARY[-4:]
    assert {name for name, disguises in found.items() if disguises} == set()
    assert Canary().found_in(f"in the clear: {CANARY}") != []


def test_key_is_opened_again(north: Project) -> None:
    assert Project.objects.get(pk=north.pk).open_token() == CANARY


@pytest.mark.parametrize("token", ["a:b:c", "sk_" + "x" * 500, ":", "ü"])
def test_any_text_survives_sealing(db: None, token: str) -> None:
    project = Project(name="North")

    project.keep_token(token, by=None, at=NOW)

    assert project.open_token() == token


def test_key_is_sealed_anew_each_time(north: Project) -> None:
    first = north.sealed_token

    north.keep_token(CANARY, by=None, at=NOW)

    assert north.sealed_token != first


def test_project_shows_no_key(north: Project) -> None:
    shown = [str(north), repr(north), north.masked_token, repr(vars(north))]

    assert [Canary().found_in(text) for text in shown] == [[], [], [], []]
    assert north.masked_token == f"••••{CANARY[-4:]}"


def test_sealed_key_moved_to_another_project_is_not_opened(north: Project) -> None:
    south = Project.objects.create(name="South", slug="south", sealed_token=north.sealed_token)

    with pytest.raises(NoKey):
        south.open_token()


@pytest.mark.parametrize(
    "spoil",
    [
        lambda text: text[:-8] + "AAAAAAA=",
        lambda text: text[:40],
        lambda text: text[:60] + ("A" if text[60] != "A" else "B") + text[61:],
        lambda text: "ñ",
    ],
    ids=["signature", "cut", "one letter", "no seal"],
)
def test_altered_key_is_not_opened(north: Project, spoil: Any) -> None:
    north.sealed_token = spoil(north.sealed_token)

    with pytest.raises(NoKey) as refused:
        north.open_token()

    assert (refused.value.__cause__, refused.value.__suppress_context__) == (None, True)


def test_key_is_not_opened_with_another_encryption_key(north: Project, settings: Any) -> None:
    settings.TOKEN_KEYS = [Fernet.generate_key().decode()]

    with pytest.raises(NoKey):
        north.open_token()
    with pytest.raises(SealBroken):
        north.reseal_token()


def test_secret_key_of_the_site_opens_nothing(north: Project, settings: Any) -> None:
    settings.SECRET_KEY = "another secret of the site"

    assert north.open_token() == CANARY


def test_key_is_resealed_with_the_newest_encryption_key(north: Project, settings: Any) -> None:
    old, new = settings.TOKEN_KEYS[0], Fernet.generate_key().decode()
    before = north.sealed_token
    settings.TOKEN_KEYS = [new, old]

    north.reseal_token()
    settings.TOKEN_KEYS = [new]

    assert north.sealed_token != before
    assert north.open_token() == CANARY
    north.sealed_token = before
    with pytest.raises(NoKey):
        north.open_token()


def test_sealed_text_does_not_show_what_it_seals() -> None:
    assert "plain" not in seal("plain")
    assert unseal(seal("plain")) == "plain"
    with pytest.raises(SealBroken):
        unseal("plain")


def test_project_without_a_key_has_none_to_open(db: None) -> None:
    project = Project.objects.create(name="North", slug="north")

    with pytest.raises(NoKey):
        project.open_token()
    assert (project.is_connected, project.is_rejected) == (False, False)


def test_forgotten_key_is_gone(north: Project) -> None:
    north.forget_token()
    north.save()

    kept = Project.objects.get(pk=north.pk)
    with pytest.raises(NoKey):
        kept.open_token()
    assert (kept.sealed_token, kept.token_last_four, kept.token_state) == ("", "", TokenState.ABSENT)
    assert kept.is_connected is False


@pytest.mark.parametrize(
    ("state", "is_connected", "is_rejected"),
    [
        (TokenState.UNTESTED, True, False),
        (TokenState.ACCEPTED, True, False),
        (TokenState.REJECTED, True, True),
        (TokenState.ABSENT, False, False),
    ],
)
def test_state_of_the_key_in_words(state: TokenState, is_connected: bool, is_rejected: bool) -> None:
    project = Project(token_state=state)

    assert (project.is_connected, project.is_rejected) == (is_connected, is_rejected)


def test_sync_in_words() -> None:
    failing = Project(sync_cause="auth", sync_interval_minutes=5)

    assert (failing.is_sync_failing, Project().is_sync_failing) == (True, False)
    assert failing.sync_interval == timedelta(minutes=5)


def test_person_has_one_role_a_project(north: Project) -> None:
    person = make_user("viewer")
    Membership.objects.create(project=north, user=person, role=Role.VIEWER)

    with pytest.raises(IntegrityError), transaction.atomic():
        Membership.objects.create(project=north, user=person, role=Role.ADMIN)

    assert [row.role for row in person.memberships.all()] == [Role.VIEWER]
