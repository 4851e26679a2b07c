"""A project that is laid down from a copy is the one that connecting and syncing makes."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.apps import apps
from django.utils import timezone

from phones.diga.sandbox import Sandbox
from phones.models import Act, ChainHead, ChangeSeal, Phone, Project
from phones.services.projects.clients import client_for
from tests.fixtures import copies
from tests.fixtures.desk import connect
from tests.support.database.tampering import forget_chain

Rows = dict[str, list[dict[str, Any]]]


def rows() -> Rows:
    """Return every row of our tables, without what is another each time: ids that we give, sealed keys."""
    ours = {"sealed_token", "token_id", "project_id"}
    return {
        model._meta.label: [
            {name: value for name, value in row.items() if name not in ours and not isinstance(value, datetime)}
            for row in model._default_manager.order_by("pk").values(
                *(field.attname for field in model._meta.concrete_fields if _is_told(model._meta.label, field.attname))
            )
        ]
        for model in apps.get_app_config("phones").get_models()
        # What is written down of connecting and syncing is not laid down: no two chains are equal.
        if model not in {Act, ChainHead, ChangeSeal}
    }


def _is_told(label: str, name: str) -> bool:
    return not (label in {"phones.Project", "phones.SyncRun"} and name == "id")


@pytest.fixture
def no_copies(monkeypatch: pytest.MonkeyPatch) -> dict[Any, Any]:
    """Begin as a process does: nothing was connected yet."""
    kept: dict[Any, Any] = {}
    monkeypatch.setattr(copies, "_copies", kept)
    return kept


@pytest.fixture
def lay(sandbox: Sandbox, no_copies: object) -> Callable[[], Project]:
    """Return a function that connects Aurora, or lays it down; the stand-in is at its seed before."""

    def connected() -> Project:
        sandbox.reset()
        return copies.connected("Aurora", "aurora", sandbox, connect)

    return connected


def _refuse(name: str, token: str) -> Project:
    raise AssertionError("It was connected again")


@pytest.mark.django_db
def test_copy_has_the_rows_and_the_requests_of_the_first(
    diga_url: str, sandbox: Sandbox, lay: Callable[[], Project], monkeypatch: pytest.MonkeyPatch
) -> None:
    first = lay()
    made, received = rows(), list(sandbox.journal)
    dates = set(Phone.objects.values_list("assigned_at", "scheduled_release_at", "released_at"))
    forget_chain()
    first.delete()
    monkeypatch.setattr("tests.repository.test_copies.connect", _refuse)

    second = lay()

    assert rows() == made
    assert {label for label, kept in made.items() if kept} == {
        "phones.Agent", "phones.AgentVersion", "phones.Phone", "phones.Project", "phones.SyncRun"
    }  # fmt: skip
    assert list(sandbox.journal) == received
    assert set(Phone.objects.values_list("assigned_at", "scheduled_release_at", "released_at")) == dates
    assert second.pk != first.pk
    assert client_for(second).list_phones(limit=1).data


@pytest.mark.django_db
def test_copy_is_of_now(diga_url: str, lay: Callable[[], Project]) -> None:
    first = lay()
    forget_chain()
    first.delete()
    tomorrow = timezone.now() + timedelta(days=1)

    with time_machine.travel(tomorrow):
        laid = lay()

    run = laid.sync_runs.get()
    moments = [laid.created_at, laid.synced_at, laid.token_at, laid.agents_changed_at, run.started_at, run.finished_at]
    moments += Phone.objects.values_list("fetched_at", flat=True)
    moments += Phone.objects.values_list("first_seen_at", flat=True)
    assert [moment for moment in moments if moment is None or abs(moment - tomorrow) > timedelta(minutes=1)] == []


@pytest.mark.django_db
def test_altered_stand_in_is_read_anew(diga_url: str, sandbox: Sandbox, lay: Callable[[], Project]) -> None:
    first = lay()
    forget_chain()
    first.delete()
    sandbox.reset()
    next(iter(sandbox.phones)).nickname = "Not in the copy"

    copies.connected("Aurora", "aurora", sandbox, connect)

    assert Phone.objects.filter(nickname="Not in the copy").count() == 1
