"""Upgrades of agents become plans that publish a version, and their numbers the rows of these; and back.

The entries of the history stay as they are: what they began with is sealed. A row leads to its entry, as it did before.
"""

import hashlib
from collections.abc import Iterable, Iterator
from typing import Any

import django.db.models.deletion
from django.db import migrations, models
from django.db.migrations.exceptions import IrreversibleError

_OLD_TRIGGERS = ("upgrade_never_deleted", "upgrade_begun_once", "upgrade_settled_once")
_NEW_TRIGGERS = ("publish_never_deleted", "publish_begun_once", "publish_settled_once")
_PUBLISHED = ("CONFIRMED", "MISMATCH")
# What reading a number back had shown: the state of its row, and the code of the reason.
_READ_BACK = {
    "WAITING": ("WAITING", ""),
    "KEPT": ("DONE", ""),
    "DETACHED": ("MISMATCH", "detached"),
    "MOVED": ("CHANGED", "moved_here"),
    "GONE": ("FAILED", "unknown_phone"),
    "UNREAD": ("UNKNOWN", "unreadable"),
}
_REQUEST = (
    "agent_id before after stored outcome http_status message cause request_id sent_at settled_at duration_ms"
    " answer_lost_at next_look_at look_count"
).split()
_CHUNK = 1000


def make_plans(apps: Any, schema_editor: Any) -> None:
    """Make a plan of each upgrade, in the order in which they were made."""
    for upgrade in apps.get_model("phones", "AgentUpgrade").objects.order_by("pk").iterator():
        _make_plan(apps, upgrade)


def _make_plan(apps: Any, upgrade: Any) -> None:
    Plan, PlanItem, PublishRequest = (apps.get_model("phones", name) for name in ("Plan", "PlanItem", "PublishRequest"))
    proposed = list(_numbers_now(apps, upgrade)) if upgrade.outcome == "PROPOSED" else []
    state = _state_of(upgrade, proposed)
    ended_at = (upgrade.verified_at or upgrade.settled_at) if state in {"FINISHED", "DISCARDED"} else None
    if state == "FINISHED" and ended_at is None:
        ended_at = upgrade.next_look_at or upgrade.answer_lost_at or upgrade.sent_at
    is_started = state in {"RUNNING", "FINISHED"}
    plan = Plan.objects.create(
        project_id=upgrade.project_id,
        kind="PUBLISH",
        state=state,
        author_id=upgrade.actor_id,
        author_name=upgrade.actor_name,
        reason=upgrade.reason,
        ticket=upgrade.ticket,
        wish={"version": _wish(upgrade)},
        agreed=[upgrade.after["version_id"]] if state not in {"PREVIEW", "DISCARDED"} else [],
        approver_id=(upgrade.approver_id or upgrade.actor_id) if is_started else None,
        approver_name=(upgrade.approver_name or upgrade.actor_name) if is_started else "",
        created_at=upgrade.created_at,
        foreseen_at=upgrade.created_at,
        started_at=upgrade.sent_at if is_started else None,
        resumed_at=upgrade.sent_at if state == "RUNNING" else None,
        ran_seconds=max(0.0, (ended_at - upgrade.sent_at).total_seconds()) if is_started and ended_at else 0.0,
        finished_at=ended_at,
        # A form that is still open somewhere makes a plan of its own: its page is another one now.
        is_told=True,
    )
    _note_steps(apps, plan, upgrade)
    if upgrade.sent_at is not None:
        PublishRequest.objects.create(plan=plan, **{name: getattr(upgrade, name) for name in _REQUEST})
        rows = upgrade.items.select_related("change").order_by("phone__number", "phone_id")
        items = (_row(PlanItem, plan, upgrade, row, number) for number, row in enumerate(rows.iterator(_CHUNK), 1))
    else:
        items = (_row_to_come(PlanItem, plan, each, number) for number, each in enumerate(proposed, 1))
    for chunk in _chunks(items):
        PlanItem.objects.bulk_create(chunk)


def _chunks(items: Iterable[Any]) -> Iterator[list[Any]]:
    chunk: list[Any] = []
    for item in items:
        chunk.append(item)
        if len(chunk) == _CHUNK:
            yield chunk
            chunk = []
    if chunk:
        yield chunk


def _state_of(upgrade: Any, proposed: list[tuple[Any, list[str]]]) -> str:
    """Return the state of the plan. A proposal stays one as long as our copy says what was agreed to."""
    if upgrade.outcome == "PROPOSED":
        return "PROPOSED" if _fingerprint(upgrade, proposed) == upgrade.agreed else "PREVIEW"
    if upgrade.outcome == "DISCARDED":
        return "DISCARDED"
    is_looked_at = upgrade.outcome == "PENDING" or (upgrade.outcome == "UNKNOWN" and upgrade.next_look_at is not None)
    is_unread = upgrade.outcome in _PUBLISHED and upgrade.verified_at is None
    return "RUNNING" if is_looked_at or is_unread else "FINISHED"


def _numbers_now(apps: Any, upgrade: Any) -> Iterator[tuple[Any, list[str]]]:
    """Yield the phones that the agent answers or dials from by our copy, by number, with their lanes."""
    uses = models.Q(inbound_agent_id=upgrade.agent_id) | models.Q(outbound_agent_id=upgrade.agent_id)
    phones = apps.get_model("phones", "Phone").objects.filter(uses, project_id=upgrade.project_id, missing_since=None)
    for phone in phones.order_by("number", "id").iterator():
        lanes = [name for name in ("inbound", "outbound") if getattr(phone, f"{name}_agent_id") == upgrade.agent_id]
        yield phone.pk, lanes


def _fingerprint(upgrade: Any, numbers: list[tuple[Any, list[str]]]) -> str:
    """Return what was agreed to if these are the numbers, as that release computed it."""
    held = "".join(f"{phone_id}{'inbound' in lanes:d}{'outbound' in lanes:d}" for phone_id, lanes in numbers)
    text = f"{upgrade.before['version_id']} {upgrade.after['version_id']} {held}"
    return f"{len(numbers)}:{hashlib.sha256(text.encode()).hexdigest()[:40]}"


def _wish(upgrade: Any) -> dict[str, Any]:
    numbers = upgrade.before["version_number"], upgrade.after["version_number"]
    is_older = None not in numbers and numbers[1] < numbers[0]
    lanes = {"before": upgrade.before, "value": upgrade.after}
    return {"how": "PUBLISH", **lanes, "is_older": is_older, "upgrade": upgrade.pk, "agreed": upgrade.agreed}


def _note_steps(apps: Any, plan: Any, upgrade: Any) -> None:
    PlanStep = apps.get_model("phones", "PlanStep")
    author = {"plan": plan, "actor_id": upgrade.actor_id, "actor_name": upgrade.actor_name}
    if plan.state == "PROPOSED" or upgrade.approver_name:
        PlanStep.objects.create(kind="PROPOSED", created_at=upgrade.created_at, **author)
    if upgrade.approver_name:
        approver = {"actor_id": upgrade.approver_id, "actor_name": upgrade.approver_name}
        PlanStep.objects.create(plan=plan, kind="APPROVED", created_at=upgrade.sent_at, **approver)
    elif upgrade.sent_at is not None:
        PlanStep.objects.create(kind="APPLIED", created_at=upgrade.sent_at, **author)


def _row(PlanItem: Any, plan: Any, upgrade: Any, row: Any, number: int) -> Any:
    after = dict.fromkeys(row.before, upgrade.after)
    state, cause, details = *_READ_BACK[row.read_back], {}
    if upgrade.outcome not in _PUBLISHED:
        state = {"PENDING": "SENDING", "REFUSED": "REFUSED", "FAILED": "FAILED"}.get(upgrade.outcome, "")
        state = state or ("SENDING" if plan.state == "RUNNING" else "UNKNOWN")
    elif row.change and state == "DONE":
        state = "DONE" if row.change.outcome == "CONFIRMED" else "MISMATCH"
    if cause == "detached":
        stored = row.change.stored if row.change else {}
        lost = [name for name in row.before if (stored.get(name) or {}).get("agent_id") != str(upgrade.agent_id)]
        details = {"lost": sorted(lost)}
    is_open = state in {"SENDING", "WAITING"}
    return PlanItem(
        plan=plan,
        number=number,
        phone_id=row.phone_id,
        before=row.before,
        after=after,
        foreseen="WILL_CHANGE",
        why="moves",
        details=details,
        state=state,
        try_count=row.try_count,
        change_id=row.change_id,
        cause=cause,
        finished_at=None if is_open else (row.change.settled_at if row.change else plan.finished_at or upgrade.settled_at),
    )


def _row_to_come(PlanItem: Any, plan: Any, number_now: tuple[Any, list[str]], number: int) -> Any:
    phone_id, lanes = number_now
    wish = plan.wish["version"]
    before, after = dict.fromkeys(lanes, wish["before"]), dict.fromkeys(lanes, wish["value"])
    given = {"before": before, "after": after, "foreseen": "WILL_CHANGE", "why": "moves", "state": "WAITING"}
    return PlanItem(plan=plan, number=number, phone_id=phone_id, **given)


def make_upgrades(apps: Any, schema_editor: Any) -> None:
    """Make upgrades of the plans that were made of some; of plans that were made since, none can be made."""
    Plan = apps.get_model("phones", "Plan")
    plans = Plan.objects.filter(kind="PUBLISH")
    if plans.filter(changes__isnull=False).exists() or plans.filter(followers__isnull=False).exists():
        raise IrreversibleError("Entries of the history, or other plans, name a plan that publishes a version.")
    if Plan.objects.filter(kind="REATTACH").exists():
        raise IrreversibleError("A plan gives agents back that another one has detached.")
    for plan in plans.order_by("pk").iterator():
        _make_upgrade(apps, plan)
    # What was asked for and never sent can be asked for again.
    apps.get_model("phones", "PublishRequest").objects.all().delete()
    plans.all().delete()


def _make_upgrade(apps: Any, plan: Any) -> None:
    AgentUpgrade, UpgradeItem = (apps.get_model("phones", name) for name in ("AgentUpgrade", "UpgradeItem"))
    request = apps.get_model("phones", "PublishRequest").objects.filter(plan=plan).first()
    wish = plan.wish["version"]
    # One that came to be a preview, as our copy had moved, is proposed as it was: that release finds it out of date.
    is_proposed = request is None and (plan.state == "PROPOSED" or (plan.state == "PREVIEW" and "upgrade" in wish))
    given = {name: getattr(request, name) for name in _REQUEST} if request else {
        "agent_id": wish["value"]["agent_id"],
        "before": wish["before"],
        "after": wish["value"],
        "outcome": "PROPOSED" if is_proposed else "DISCARDED",
        "settled_at": None if is_proposed else plan.finished_at,
    }
    is_by_two = request is not None and plan.approver_name != plan.author_name
    items = list(plan.items.order_by("number"))
    agreed = wish.get("agreed", "")
    upgrade = AgentUpgrade.objects.create(
        **({"pk": wish["upgrade"]} if "upgrade" in wish else {}),
        project_id=plan.project_id,
        agent_name=wish["value"]["agent_name"] or "",
        # What was agreed to begins with the count. Without it, a proposal is out of date, and can be discarded.
        phone_count=int(agreed.partition(":")[0]) if agreed else len(items),
        agreed=agreed,
        actor_id=plan.author_id,
        actor_name=plan.author_name,
        reason=plan.reason,
        ticket=plan.ticket,
        approver_id=plan.approver_id if is_by_two else None,
        approver_name=plan.approver_name if is_by_two else "",
        created_at=plan.created_at,
        verified_at=plan.finished_at if request and request.outcome in _PUBLISHED else None,
        **given,
    )
    states = {value: name for name, value in _READ_BACK.items()}
    for chunk in _chunks(items if request else []):
        UpgradeItem.objects.bulk_create(
            UpgradeItem(
                upgrade=upgrade,
                phone_id=item.phone_id,
                before=item.before,
                read_back=states.get((item.state, item.cause), "KEPT" if item.change_id else "WAITING"),
                change_id=item.change_id,
                try_count=item.try_count,
            )
            for item in chunk
        )


def _drop_triggers(schema_editor: Any, names: Iterable[str], table: str) -> None:
    """Take the triggers of a table away before it goes, with what PostgreSQL keeps of them; `migrate` puts ours back."""
    for name in names:
        if schema_editor.connection.vendor == "postgresql":
            schema_editor.execute(f'DROP TRIGGER IF EXISTS "{name}" ON "{table}"')
            schema_editor.execute(f'DROP FUNCTION IF EXISTS "{name}"()')
        else:
            schema_editor.execute(f'DROP TRIGGER IF EXISTS "{name}"')


def drop_old_triggers(apps: Any, schema_editor: Any) -> None:
    _drop_triggers(schema_editor, _OLD_TRIGGERS, "phones_agentupgrade")


def drop_new_triggers(apps: Any, schema_editor: Any) -> None:
    _drop_triggers(schema_editor, _NEW_TRIGGERS, "phones_publishrequest")


KINDS = [
    ("CHANGE", "change of many numbers"),
    ("IMPORT", "file"),
    ("REVERT", "taking back"),
    ("RETRY", "second try"),
    ("REST", "the rest"),
    ("PUBLISH", "publishing a version"),
    ("REATTACH", "giving an agent back"),
]


class Migration(migrations.Migration):
    dependencies = [("phones", "0012_without_triggers")]

    operations = [
        migrations.AlterField("plan", "kind", models.CharField(choices=KINDS, max_length=8)),
        migrations.CreateModel(
            name="PublishRequest",
            fields=[
                (
                    "plan",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT,
                        primary_key=True,
                        related_name="request",
                        serialize=False,
                        to="phones.plan",
                    ),
                ),
                ("agent_id", models.UUIDField()),
                ("before", models.JSONField()),
                ("after", models.JSONField()),
                ("stored", models.JSONField(default=dict)),
                (
                    "outcome",
                    models.CharField(
                        choices=[
                            ("PENDING", "Being sent"),
                            ("CONFIRMED", "Confirmed by Diga"),
                            ("MISMATCH", "Diga stored something else"),
                            ("REFUSED", "Refused by Diga"),
                            ("FAILED", "Not applied"),
                            ("UNKNOWN", "Not known"),
                            ("OBSERVED", "Seen in Diga"),
                        ],
                        default="PENDING",
                        max_length=12,
                    ),
                ),
                ("http_status", models.PositiveSmallIntegerField(blank=True, null=True)),
                ("message", models.TextField(blank=True, default="")),
                ("cause", models.CharField(blank=True, default="", max_length=24)),
                ("request_id", models.TextField(blank=True, default="")),
                ("sent_at", models.DateTimeField()),
                ("settled_at", models.DateTimeField(blank=True, null=True)),
                ("duration_ms", models.PositiveIntegerField(blank=True, null=True)),
                ("answer_lost_at", models.DateTimeField(blank=True, null=True)),
                ("next_look_at", models.DateTimeField(blank=True, null=True)),
                ("look_count", models.PositiveSmallIntegerField(default=0)),
            ],
            options={
                "indexes": [
                    models.Index(
                        condition=models.Q(("outcome__in", ["PENDING", "UNKNOWN"])),
                        fields=["sent_at"],
                        name="publish_open",
                    ),
                    models.Index(fields=["agent_id", "plan"], name="publish_by_agent"),
                ],
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("outcome", "PENDING")),
                        fields=("agent_id",),
                        name="one_publishing_an_agent",
                    )
                ],
            },
        ),
        migrations.RunPython(make_plans, make_upgrades),
        # On the way back it comes before that, which deletes requests.
        migrations.RunPython(migrations.RunPython.noop, drop_new_triggers),
        migrations.RunPython(drop_old_triggers, migrations.RunPython.noop),
        migrations.DeleteModel(name="UpgradeItem"),
        migrations.DeleteModel(name="AgentUpgrade"),
    ]
