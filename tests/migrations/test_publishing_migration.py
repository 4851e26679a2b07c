"""Upgrades of an older release become plans that publish, in whatever state they were, and on the way back upgrades.

Their entries of the history stay as they were sealed.
"""

import hashlib
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.db import connection
from django.db.migrations.exceptions import IrreversibleError
from django.db.migrations.executor import MigrationExecutor
from django.db.migrations.loader import MigrationLoader
from pytest_django import Settings

from phones.models import Change, ItemState, LaneSnapshot, Plan, PlanState, Project, PublishRequest, Source
from phones.models.audit import append_only
from phones.services.audit import log
from phones.services.audit.chain.verification import verify_log
from phones.services.plans.publishing.reattach import reattaching
from phones.services.plans.totals import totals_of
from phones.services.routing.catalogue import catalogue_of, forget_catalogues
from phones.wording.plans.descriptions import plan_what
from phones.wording.plans.publishing import words_for_request
from tests.support.database.migrating import empty_database

BEFORE = "0011_files"
NOW = datetime(2026, 11, 24, 9, 30, tzinfo=UTC)
AGENT, OTHER = uuid.UUID(int=3), uuid.UUID(int=4)
V5, V6 = uuid.UUID(int=5), uuid.UUID(int=6)
LANE = {"agent_id": str(AGENT), "agent_name": "Alicia"}
OLD, NEW = LANE | {"version_id": str(V5), "version_number": 5}, LANE | {"version_id": str(V6), "version_number": 6}
SENT = {"sent_at": NOW, "http_status": 200, "duration_ms": 12, "request_id": "r-1"}
# What each upgrade of the older release holds, the state that its plan gets, and those of its rows.
UPGRADES: dict[str, tuple[dict[str, Any], PlanState, set[str]]] = {
    "proposed": ({"outcome": "PROPOSED"}, PlanState.PROPOSED, {"WAITING"}),
    "proposed of another time": ({"outcome": "PROPOSED", "agreed": "2:other"}, PlanState.PREVIEW, {"WAITING"}),
    "discarded": ({"outcome": "DISCARDED", "settled_at": NOW}, PlanState.DISCARDED, set()),
    "being sent": ({"outcome": "PENDING", "sent_at": NOW}, PlanState.RUNNING, {"SENDING"}),
    "not known": (
        {"outcome": "UNKNOWN", "sent_at": NOW, "answer_lost_at": NOW, "next_look_at": NOW, "look_count": 2},
        PlanState.RUNNING,
        {"SENDING"},
    ),
    "given up": (
        {"outcome": "UNKNOWN", "sent_at": NOW, "answer_lost_at": NOW, "look_count": 20},
        PlanState.FINISHED,
        {"UNKNOWN"},
    ),
    "refused": (
        {"outcome": "REFUSED", "settled_at": NOW, "cause": "forbidden", "message": "No", **SENT, "http_status": 403},
        PlanState.FINISHED,
        {"REFUSED"},
    ),
    "failed": (
        {"outcome": "FAILED", "settled_at": NOW, "cause": "timeout", "sent_at": NOW},
        PlanState.FINISHED,
        {"FAILED"},
    ),
    "published, being read back": (
        {"outcome": "CONFIRMED", "settled_at": NOW, **SENT},
        PlanState.RUNNING,
        {"WAITING", "DONE", "MISMATCH"},
    ),
    "published": (
        {"outcome": "CONFIRMED", "settled_at": NOW, "verified_at": NOW + timedelta(seconds=9), **SENT},
        PlanState.FINISHED,
        {"DONE", "MISMATCH", "CHANGED", "FAILED", "UNKNOWN"},
    ),
    "stored otherwise": (
        {"outcome": "MISMATCH", "stored": OLD, "settled_at": NOW, "verified_at": NOW, **SENT},
        PlanState.FINISHED,
        {"MISMATCH"},
    ),
}
READ_BACK = {
    "published, being read back": ["WAITING", "KEPT", "DETACHED"],
    "published": ["KEPT", "DETACHED", "MOVED", "GONE", "UNREAD"],
    "stored otherwise": ["KEPT", "KEPT"],
}


@pytest.fixture
def _older_release(transactional_db: None, tmp_path: Path, settings: Settings) -> Iterator[None]:
    """A database as the older release left it, with upgrades in every state."""
    settings.DATA_DIR = tmp_path
    with empty_database(tmp_path):
        MigrationExecutor(connection).migrate([("phones", BEFORE)])
        _add_upgrades(_apps(BEFORE))
        yield
    forget_catalogues()


def _apps(name: str) -> Any:
    return MigrationLoader(connection).project_state(("phones", name)).apps


def _add_upgrades(apps: Any) -> None:
    make = {model.__name__: model.objects.create for model in apps.get_app_config("phones").get_models()}
    maria, ana = (apps.get_model("auth", "User").objects.create(username=name) for name in ("maria", "ana"))
    project = make["Project"](name="Aurora", slug="aurora")
    agent = make["Agent"](pk=AGENT, project=project, name="Alicia")
    for pk, number in ((V5, 5), (V6, 6)):
        make["AgentVersion"](pk=pk, agent=agent, number=number, is_published=number == 6)
    phones = [
        make["Phone"](
            project=project,
            number=f"+3495120180{place}",
            shown=f"+34 951 20 18 0{place}",
            telephony_provider="telnyx",
            status="assigned",
            fetched_at=NOW,
            inbound_agent_id=AGENT if place < 2 else None,
            outbound_agent_id=AGENT if place == 0 else None,
        )
        for place in range(5)
    ]
    held = "".join(f"{phone.pk}1{place == 0:d}" for place, phone in enumerate(phones[:2]))
    agreed = f"2:{hashlib.sha256(f'{V5} {V6} {held}'.encode()).hexdigest()[:40]}"
    for name, (values, _state, _rows) in UPGRADES.items():
        approver = {"approver": ana, "approver_name": "Ana"} if name == "published" else {}
        known: dict[str, Any] = {"agreed": agreed, "phone_count": 2, "before": OLD, "after": NEW, "agent_id": AGENT}
        known |= {"agent_name": "Alicia", "reason": name, "ticket": "T-9", "actor": maria, "actor_name": "María"}
        known |= {"project": project, "created_at": NOW - timedelta(minutes=1), **approver}
        upgrade = make["AgentUpgrade"](**(known | values))
        standings = READ_BACK.get(name, ["WAITING", "WAITING"]) if upgrade.sent_at else []
        for phone, read_back in zip(phones, standings, strict=False):
            entry = _entry(make, upgrade, phone, read_back)
            make["UpgradeItem"](
                upgrade=upgrade, phone=phone, before={"inbound": OLD}, read_back=read_back, change=entry, try_count=1
            )


def _entry(make: Any, upgrade: Any, phone: Any, read_back: str) -> Any:
    """Write the entry of a number that was read back, as the older release did."""
    if read_back not in {"KEPT", "DETACHED"}:
        return None
    is_kept = read_back == "KEPT" and upgrade.outcome == "CONFIRMED"
    stored = {} if is_kept else {"inbound": None if read_back == "DETACHED" else OLD}
    return make["Change"](
        project=upgrade.project,
        phone=phone,
        number=phone.shown,
        source="UPGRADE",
        actor=upgrade.actor,
        actor_name="María",
        reason=upgrade.reason,
        before={"inbound": OLD},
        after={"inbound": NEW},
        stored=stored,
        outcome="CONFIRMED" if is_kept else "MISMATCH",
        created_at=NOW,
        settled_at=NOW,
    )


def _rows_of_old(apps: Any) -> dict[str, list[dict[str, Any]]]:
    """Return all that the older release held of upgrades and of the history."""
    names = ("AgentUpgrade", "UpgradeItem", "Change", "ChangeSeal")
    left_out = {"id"}
    found: dict[str, list[dict[str, Any]]] = {}
    for name in names:
        rows = apps.get_model("phones", name).objects.order_by("pk").values()
        found[name] = [
            {key: value for key, value in row.items() if name != "UpgradeItem" or key not in left_out} for row in rows
        ]
    return found


@pytest.mark.usefixtures("_older_release")
def test_upgrades_in_every_state_become_plans_and_upgrades_again() -> None:
    before = _rows_of_old(_apps(BEFORE))

    call_command("migrate", "phones", verbosity=0)
    _check_states()
    _check_a_published_one()
    _check_proposals()
    _check_words()
    ((_app, newest),) = MigrationLoader(connection).graph.leaf_nodes("phones")
    changes = _apps(newest).get_model("phones", "Change").objects.order_by("pk")
    assert list(changes.values(*before["Change"][0])) == before["Change"]
    assert append_only.missing_triggers() == []

    call_command("migrate", "phones", BEFORE, verbosity=0)
    after = _rows_of_old(_apps(BEFORE))
    assert {name: rows == before[name] for name, rows in after.items()} == dict.fromkeys(before, True)
    assert Plan.objects.count() == 0


def _check_states() -> None:
    plans = {plan.reason: plan for plan in Plan.objects.select_related("request", "project")}
    assert {name: plan.state for name, plan in plans.items()} == {name: row[1] for name, row in UPGRADES.items()}
    for name, (values, state, states) in UPGRADES.items():
        plan = plans[name]
        assert set(plan.items.values_list("state", flat=True)) == states, name
        assert hasattr(plan, "request") == ("sent_at" in values), name
        assert (plan.finished_at is None) == (state in {"PROPOSED", "PREVIEW", "RUNNING"}), name
        assert plan_what(plan) == "publishes “Alicia” v6"
        if hasattr(plan, "request"):
            kept = {key: getattr(plan.request, key) for key in values if key != "verified_at"}
            assert kept == {key: value for key, value in values.items() if key != "verified_at"}, name


def _check_a_published_one() -> None:
    plan = Plan.objects.select_related("request", "author", "approver").get(reason="published")
    people = [person.username for person in (plan.author, plan.approver) if person]
    assert (plan.kind, people, plan.ticket, plan.ran_seconds, plan.is_told) == (
        "PUBLISH",
        ["maria", "ana"],
        "T-9",
        9.0,
        True,
    )
    assert [(step.kind, step.actor_name) for step in plan.steps.order_by("pk")] == [
        ("PROPOSED", "María"),
        ("APPROVED", "Ana"),
    ]
    items = list(plan.items.select_related("phone", "change").order_by("number"))
    assert [(item.state, item.cause, item.details) for item in items] == [
        ("DONE", "", {}),
        ("MISMATCH", "detached", {"lost": ["inbound"]}),
        ("CHANGED", "moved_here", {}),
        ("FAILED", "unknown_phone", {}),
        ("UNKNOWN", "unreadable", {}),
    ]
    assert [item.phone.number for item in items] == sorted(item.phone.number for item in items)
    assert [item.change is not None for item in items] == [True, True, False, False, False]
    draft, wish = reattaching(plan, catalogue_of(Project.objects.get()))
    assert ([row.phone_id for row in draft.rows], set(wish)) == ([items[1].phone_id], {"inbound"})


def _check_proposals() -> None:
    plan = Plan.objects.get(reason="proposed")
    rows = list(plan.items.order_by("number").values_list("before", "after", "state", "foreseen"))
    old, new = LaneSnapshot.from_json(OLD), LaneSnapshot.from_json(NEW)
    assert rows == [
        ({"inbound": old, "outbound": old}, {"inbound": new, "outbound": new}, "WAITING", "WILL_CHANGE"),
        ({"inbound": old}, {"inbound": new}, "WAITING", "WILL_CHANGE"),
    ]
    assert (plan.agreed, Plan.objects.get(reason="proposed of another time").agreed) == ([str(V6)], [])


def _check_words() -> None:
    titles = {
        plan.reason: words_for_request(plan, plan.request, totals_of(plan)).title
        for plan in Plan.objects.select_related("request").exclude(request=None)
    }
    assert titles["refused"] == "Diga refused, nothing was published"
    assert titles["failed"] == "Not published"
    assert titles["given up"] == "We don’t know whether Diga has published it"
    assert titles["stored otherwise"] == "Accepted, but not published when we read it"
    assert titles["published"] == "Published: “Alicia” runs v6"


@pytest.mark.usefixtures("_older_release")
def test_plan_that_the_history_names_keeps_the_migration_from_being_taken_back() -> None:
    call_command("migrate", "phones", verbosity=0)
    project = Project.objects.get()
    phone = project.phones.all()[0]
    seal_count = verify_log(project=project).seal_count
    entry = Change(
        project=project,
        phone=phone,
        number=phone.shown,
        source=Source.PUBLISH,
        outcome="CONFIRMED",
        created_at=NOW,
        settled_at=NOW,
        plan=Plan.objects.get(reason="published"),
    )
    log.record_observed([entry])
    assert verify_log(project=project).seal_count == seal_count + 1

    with pytest.raises(IrreversibleError):
        call_command("migrate", "phones", BEFORE, verbosity=0)

    sent = [name for name, row in UPGRADES.items() if "sent_at" in row[0]]
    assert set(PublishRequest.objects.values_list("plan__reason", flat=True)) == set(sent)
    assert Plan.objects.get(reason="published").items.filter(state=ItemState.DONE).exists()
