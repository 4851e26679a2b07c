"""Migrations: a database of the oldest release comes up to the newest and back, and none of them needs live code."""

import ast
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.db import connection
from django.db.migrations import Migration
from django.db.migrations.executor import MigrationExecutor
from django.db.migrations.loader import MigrationLoader
from pytest_django import Settings

from phones import migrations
from phones.models import Agent, Change, ChangeSeal, NamedAgent, Phone, Project
from phones.models.audit import append_only
from phones.services.audit.chain.verification import verify_log
from tests.support.database.migrating import empty_database

FOLDER = Path(migrations.__file__).parent
OLDEST = "0001_initial"
NOW = datetime(2026, 11, 24, 9, 30, tzinfo=UTC)
SALES, PLAIN = uuid.UUID(int=1), uuid.UUID(int=2)
AGENT, NAMELESS = uuid.UUID(int=3), uuid.UUID(int=4)


@pytest.fixture
def _empty_database(transactional_db: None, tmp_path: Path, settings: Settings) -> Iterator[None]:
    """Put a database without a table in the place of the one that tests use."""
    settings.DATA_DIR = tmp_path
    with empty_database(tmp_path):
        yield


def _state_apps(name: str) -> Any:
    return MigrationLoader(connection).project_state(("phones", name)).apps


def _add_rows(apps: Any) -> None:
    """Write rows to every table of the oldest release."""
    user = apps.get_model("auth", "User").objects.create(username="maria")
    models = {model.__name__: model.objects for model in apps.get_app_config("phones").get_models()}
    project = models["Project"].create(name="Aurora", slug="aurora", token_by=user, phone_count=2)
    models["Membership"].create(project=project, user=user, role="LEAD")
    models["SyncRun"].create(project=project, state="COMPLETE", started_at=NOW, heartbeat_at=NOW, phone_count=2)
    agent = models["Agent"].create(pk=AGENT, project=project, name="Álvaro, ventas")
    models["Agent"].create(pk=NAMELESS, project=project, name=None, is_listed=False)
    models["AgentVersion"].create(agent=agent, number=3, name="Autumn", is_published=True)
    shared = {"project": project, "telephony_provider": "telnyx", "status": "assigned", "fetched_at": NOW}
    sales = models["Phone"].create(
        pk=SALES,
        number="+34951201802",
        nickname="Ventas  Málaga",
        assigned_at=NOW,
        inbound_agent_id=AGENT,
        outbound_agent_id=NAMELESS,
        region_codes=["ES"],
        note="Ask María first",
        shown="+34 951 20 18 02",
        digits="34951201802",
        search_text="34951201802 ventas  malaga",
        **shared,
    )
    plain = models["Phone"].create(pk=PLAIN, number="+34951201803", shown="+34 951 20 18 03", **shared)
    lanes = [{"agent_id": str(pk), "agent_name": name} for pk, name in ((AGENT, "Álvaro, ventas"), (NAMELESS, None))]
    for phone, outcome in ((sales, "CONFIRMED"), (plain, "UNKNOWN"), (sales, "PENDING")):
        is_settled = outcome == "CONFIRMED"
        models["Change"].create(
            phone=phone,
            project=project,
            number=phone.number,
            source="FORM",
            actor=user,
            actor_name="María",
            reason="Autumn hours",
            before={"nickname": "Ventas", "inbound": lanes[0], "outbound": None},
            after={"nickname": "Ventas  Málaga", "inbound": lanes[1]},
            stored={"inbound": lanes[1]} if is_settled else {},
            outcome=outcome,
            http_status=200 if is_settled else None,
            created_at=NOW,
            settled_at=NOW if is_settled else None,
            form_token=uuid.uuid4(),
        )


def _shared_columns(oldest: Any, newest: Any) -> dict[str, list[str]]:
    """Return the columns of the oldest release's tables that are still there, by model."""
    tables = {model.__name__: model._meta.concrete_fields for model in newest.get_app_config("phones").get_models()}
    return {
        model.__name__: [
            field.attname
            for field in model._meta.concrete_fields
            if field.attname in {kept.attname for kept in tables[model.__name__]}
        ]
        for model in oldest.get_app_config("phones").get_models()
    }


def _rows(name: str, columns: dict[str, list[str]]) -> dict[str, list[dict[str, Any]]]:
    """Return all rows of these tables as they are after a migration."""
    apps = _state_apps(name)
    return {
        model: list(apps.get_model("phones", model).objects.order_by("pk").values(*names))
        for model, names in columns.items()
    }


def _path(loader: MigrationLoader) -> list[str]:
    """Return the names of our migrations, from the oldest to the newest."""
    (newest,) = loader.graph.leaf_nodes("phones")
    return [name for app, name in loader.graph.forwards_plan(newest) if app == "phones"]


def _lowest_reversible(loader: MigrationLoader) -> str:
    """Return down to which migration all can be taken back."""
    path = _path(loader)
    while path[1:] and _is_reversible(loader.get_migration("phones", path[-1])):
        path.pop()
    return path[-1]


def _is_reversible(migration: Migration) -> bool:
    return all(operation.reversible for operation in migration.operations)


@pytest.mark.usefixtures("_empty_database")
def test_database_of_the_oldest_release_comes_up_to_the_newest_and_back() -> None:
    loader = MigrationLoader(connection)
    newest, lowest = _path(loader)[-1], _lowest_reversible(loader)
    MigrationExecutor(connection).migrate([("phones", OLDEST)])
    oldest = _state_apps(OLDEST)
    _add_rows(oldest)
    columns = _shared_columns(oldest, _state_apps(newest))
    before = _rows(OLDEST, columns)
    assert all(before.values())

    call_command("migrate", "phones", verbosity=0)
    _check_newest()
    assert _rows(newest, columns) == before

    call_command("migrate", "phones", lowest, verbosity=0)
    assert _rows(lowest, columns) == before

    call_command("migrate", "phones", verbosity=0)
    _check_newest()


@pytest.mark.usefixtures("_empty_database")
def test_migrations_go_up_and_down_one_by_one() -> None:
    path = _path(MigrationLoader(connection))
    back = path[path.index(_lowest_reversible(MigrationLoader(connection))) :]

    for name in path:
        call_command("migrate", "phones", name, verbosity=0)
    assert append_only.missing_triggers() == []
    for name in back[-2::-1]:
        call_command("migrate", "phones", name, verbosity=0)
    for name in back[1:]:
        call_command("migrate", "phones", name, verbosity=0)
    call_command("migrate", verbosity=0)

    assert append_only.missing_triggers() == append_only.altered_triggers() == []


def _check_newest() -> None:
    """Check what migrations computed for the rows of the oldest release."""
    sales, plain = Phone.objects.get(pk=SALES), Phone.objects.get(pk=PLAIN)
    assert (sales.nickname_key, plain.nickname_key) == ("ventas malaga", "")
    assert (sales.inbound_key, sales.outbound_key, plain.inbound_key) == ("alvaro, ventas", "00000000", "")
    assert [agent.sort_key for agent in Agent.objects.order_by("pk")] == ["alvaro, ventas", "00000000"]
    confirmed, unknown, pending = Change.objects.order_by("pk")
    assert (confirmed.outcome, unknown.outcome, pending.outcome) == ("CONFIRMED", "UNKNOWN", "PENDING")
    assert set(NamedAgent.objects.filter(change=confirmed).values_list("agent_id", flat=True)) == {AGENT, NAMELESS}
    assert [seal.kind for seal in ChangeSeal.objects.order_by("number")] == ["SETTLED", "SETTLED", "BEGUN"]
    assert append_only.missing_triggers() == []
    verdict = verify_log(project=Project.objects.get())
    assert (verdict.faults, verdict.change_count, verdict.seal_count) == ([], 3, 3)


def _imports(path: Path) -> Iterator[str]:
    """Yield the modules of ours that a migration imports, at its head or within."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names = [name.name for name in node.names]
        elif isinstance(node, ast.ImportFrom):
            names = [f"{'.' * node.level}{node.module or ''}.{name.name}" for name in node.names]
        else:
            continue
        yield from (name for name in names if name.startswith((".", "phones", "dashboard")))


def _needs_live_code(name: str) -> bool:
    """Say whether an import is of code that may change: all of ours is, but frozen modules and classes of fields."""
    return not name.startswith(("phones.migrations._", "phones.models.fields."))


@pytest.mark.parametrize("path", sorted(FOLDER.glob("*.py")), ids=lambda path: path.stem)
def test_migration_needs_no_live_code(path: Path) -> None:
    assert [name for name in _imports(path) if _needs_live_code(name)] == []


def test_imports_of_live_code_are_found(tmp_path: Path) -> None:
    guilty = tmp_path / "0099_guilty.py"
    guilty.write_text(
        "import phones.services.nicknames\nfrom phones.migrations import _frozen\n"
        "def fill(apps, editor):\n    from phones.models import Phone\n    from ..models import change\n"
    )

    assert [name for name in _imports(guilty) if _needs_live_code(name)] == [
        "phones.services.nicknames",
        "phones.models.Phone",
        "..models.change",
    ]
