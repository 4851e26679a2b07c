"""0012_without_triggers with rows in the tables, there and back: what triggers had kept right is kept right without."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest
from django.db import connection
from django.db.migrations.executor import MigrationExecutor

from bench.rig.findable import assert_phones_are_findable
from phones.models import Phone
from phones.models.audit import append_only
from tests.support.database.rows import made_up, store_rows

NOON = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
BEFORE = ("phones", "0011_files")
ALICIA = UUID(int=1)


def migrate(*target: tuple[str, str]) -> Any:
    """Migrate to a state of the app, or to the newest, and return its models."""
    # `manage.py migrate` removes them before it goes back.
    append_only.remove_triggers()
    executor = MigrationExecutor(connection)
    wanted = list(target) or executor.loader.graph.leaf_nodes("phones")
    return executor.migrate(wanted).apps


@pytest.fixture
def _newest_again(transactional_db: None) -> Iterator[None]:
    yield
    migrate()
    append_only.install_triggers()


@pytest.mark.usefixtures("_newest_again")
def test_rows_written_with_triggers_are_found_without_them_and_the_other_way_round() -> None:
    old = migrate(BEFORE)
    project = old.get_model("phones", "Project").objects.create(name="North", slug="north")
    agents, phones = old.get_model("phones", "Agent").objects, old.get_model("phones", "Phone").objects
    agents.create(pk=ALICIA, project=project, name="Alicia", sort_key="alicia")
    known = {"project": project, "telephony_provider": "netelip", "status": "assigned", "fetched_at": NOON}
    for number, agent_id in ((1, ALICIA), (2, None), (3, UUID(int=7))):
        text = {"number": f"+3495120180{number}", "nickname": f"Recepción {number}"}
        filled = made_up(Phone(**text))
        text |= {name: getattr(filled, name) for name in ("shown", "digits", "search_text", "nickname_key")}
        phones.create(pk=UUID(int=number), inbound_agent_id=agent_id, **known, **text)

    migrate()

    assert_phones_are_findable()
    assert list(Phone.objects.order_by("number").values_list("inbound_key", flat=True)) == ["alicia", "", " "]
    phone = Phone.objects.get(pk=UUID(int=2))
    phone.nickname, phone.outbound_agent_id = "Ventas", ALICIA
    store_rows([made_up(phone)])
    assert_phones_are_findable()

    migrate(BEFORE)
    agents.filter(pk=ALICIA).update(sort_key="bruno")
    searched = phone.search_text.replace("ventas", "cobros")
    phones.filter(pk=phone.pk).update(search_text=searched, nickname="Cobros", nickname_key="cobros")
    phones.filter(pk=UUID(int=3)).delete()
    migrate()

    assert_phones_are_findable()
    assert Phone.objects.get(pk=phone.pk).outbound_key == "bruno"
