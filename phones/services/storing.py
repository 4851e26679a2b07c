"""Copying Diga's answers into our tables. The only place that writes Diga's fields.

What an answer changes that we did not, goes into the drift ledger in the same transaction.
"""

import uuid
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import QuerySet

from phones import diga
from phones.models import Agent, AgentVersion, Change, Outcome, Phone, Project

from . import diary
from .directory import Directory, directory_of
from .drifting import Seen, drift_of, open_changes
from .intention import FIELDS
from .numbers import digits_of, folded, nickname_key, shown_number
from .ordering import agent_key
from .timing import CLOCK_SLACK, is_ahead
from .upserting import COPIED, DERIVED, read_kept, row_of, touch, upsert


class ForeignProject(diga.DigaError):
    """What Diga answered can't be copied: a phone or agent is another project's, as two keys open one Diga project."""

    cause = "foreign_project"


@dataclass(slots=True)
class Stored:
    """What a page came to: how many rows were new, how many others differed, how many changes were not ours."""

    new_count: int = 0
    differing_count: int = 0
    outside_count: int = 0


def _values(record: diga.Phone) -> dict[str, Any]:
    return {name: getattr(record, name) for name in COPIED} | {"region_codes": list(record.region_codes)}


def _search_text(number: str, nickname: str | None, note: str) -> str:
    return folded(f"{number} {nickname or ''} {note}")


def _apply(phone: Phone, values: dict[str, Any], fetched_at: datetime) -> list[str]:
    """Set what differs on the row, and return the names of the fields to save."""
    changed = [name for name, value in values.items() if getattr(phone, name) != value]
    for name in changed:
        setattr(phone, name, values[name])
    if phone.missing_since is not None:
        phone.missing_since = None
        changed.append("missing_since")
    if "number" in changed:
        phone.shown, phone.digits = shown_number(phone.number), digits_of(phone.number)
    if {"number", "nickname"} & set(changed):
        phone.search_text = _search_text(phone.number, phone.nickname, phone.note)
        phone.nickname_key = nickname_key(phone.nickname)
        changed += DERIVED
    phone.fetched_at = fetched_at
    return changed


def is_copy(phone: Phone, record: diga.Phone) -> bool:
    """Say whether the row has all that the answer says."""
    return phone.missing_since is None and all(getattr(phone, name) == value for name, value in _values(record).items())


def hold(phone: Phone, record: diga.Phone, *, read_at: datetime) -> None:
    """Let the object in memory say what an answer says; its row stays as it is."""
    _apply(phone, _values(record), read_at)


def hold_to_clock(phones: QuerySet[Phone], now: datetime) -> None:
    """Let rows that were read ahead of now have been read just before: the clock was set back since.

    They were read before now in truth, so that is no lie, and answers that are asked for from now on are newer again.
    """
    phones.filter(fetched_at__gt=now + CLOCK_SLACK).update(fetched_at=now - timedelta.resolution)


def make_readable(phone: Phone, now: datetime) -> None:
    """See to it that an answer about the phone that is asked for from now on is newer than its row."""
    if is_ahead(phone.fetched_at, now):
        hold_to_clock(Phone.objects.filter(pk=phone.pk), now)
        phone.refresh_from_db(fields=["fetched_at"])


@dataclass(frozen=True, slots=True)
class Answer:
    """What Diga says of one phone. `phone` is our copy in memory, which says the same as its row afterwards.

    `fetched_at` is when the answer arrived for a write, and when it was asked for for a read. `ours` are the fields
    that the write has set: what differs in others was changed outside.
    """

    phone: Phone
    record: diga.Phone
    fetched_at: datetime
    ours: Collection[str] = ()


def store_phone(phone: Phone, record: diga.Phone, *, fetched_at: datetime) -> None:
    """Copy what a read says of one phone into its row, unless the row has a newer answer; `phone` is then as the row.

    `fetched_at` is when it was asked for.
    """
    store_answers(phone.project, [Answer(phone, record, fetched_at)])


def store_answers(project: Project, answers: Sequence[Answer]) -> None:
    """Copy answers about single phones of one project into their rows, unless a row has a newer one.

    Two queries, and what is written down of changes that we did not make.
    """
    with transaction.atomic():
        ids = [answer.phone.pk for answer in answers]
        rows = {row.pk: row for row in Phone.objects.select_for_update().filter(pk__in=ids).order_by("pk")}
        newer = [answer for answer in answers if rows[answer.phone.pk].fetched_at <= answer.fetched_at]
        diary.record_observed(_drifts(project, rows, newer))
        for answer in newer:
            _apply(rows[answer.phone.pk], _values(answer.record), answer.fetched_at)
        upsert(row_of(rows[answer.phone.pk]) for answer in newer)
    for answer in answers:
        for name in (*COPIED, *DERIVED, "note", "fetched_at", "missing_since"):
            setattr(answer.phone, name, getattr(rows[answer.phone.pk], name))


def _drifts(project: Project, rows: Mapping[uuid.UUID, Phone], answers: Iterable[Answer]) -> list[Change]:
    """Return what others changed, by answers that say something else than their rows where we set nothing."""
    differing = [
        answer
        for answer in answers
        if any(
            Seen.of(rows[answer.phone.pk]).value(name) != Seen.of(answer.record).value(name)
            for name in (*FIELDS, "status")
            if name not in answer.ours
        )
    ]
    open_ones = open_changes([answer.phone.pk for answer in differing]) if differing else {}
    found = []
    for answer in differing:
        row = rows[answer.phone.pk]
        row.project = project
        drift = drift_of(
            row,
            Seen.of(row),
            Seen.of(answer.record),
            seen_from=row.fetched_at,
            now=answer.fetched_at,
            ours=answer.ours,
            open_ones=open_ones.get(row.pk, []),
        )
        found += [drift] if drift else []
    return found


def store_phones(
    project: Project, records: Sequence[diga.Phone], *, fetched_at: datetime, since: datetime | None = None
) -> Stored:
    """Copy a page of Diga's list, asked for at `fetched_at`, and say what was new and what differed.

    Left alone is a row that was read later than `fetched_at` (an edit came between), and one that a write of ours
    is under way to: nobody can tell whether the page has its effect. `since` is when this pass began: several pages
    are asked for at the same time, so where a phone moved and is on two, nobody can tell which of them is newer;
    the first counts, and the next pass tells the rest.

    :raises ForeignProject: one of the ids belongs to another project's phone.
    """
    # Only what differs is looked at under a lock: rows that say the same are compared before the transaction, and
    # noted in it by one statement that spares the newer ones. So an editor hardly ever waits for a page.
    latest = {record.id: record for record in records}
    kept = read_kept(latest)
    if any(row.project_id != project.pk for row in kept.values()):
        raise ForeignProject
    same = [phone_id for phone_id, row in kept.items() if row.says(latest[phone_id])]
    differing = [latest[phone_id] for phone_id in kept.keys() - set(same)]
    new = [record for record in latest.values() if record.id not in kept]
    directory = directory_of(project)
    news = [_new_row(project, record, directory, fetched_at) for record in new]
    stored = Stored(new_count=len(new))
    with transaction.atomic():
        touch(same, fetched_at=fetched_at)
        upsert(news)
        if differing:
            _store_differing(project, differing, fetched_at, since, stored)
    return stored


def _new_row(project: Project, record: diga.Phone, directory: Directory, fetched_at: datetime) -> dict[str, Any]:
    """Return the row of a phone we see for the first time, with entry zero of its history."""
    return _values(record) | {
        "id": record.id,
        "project_id": project.pk,
        "note": "",
        "shown": shown_number(record.number),
        "digits": digits_of(record.number),
        "search_text": _search_text(record.number, record.nickname, ""),
        "nickname_key": nickname_key(record.nickname),
        "fetched_at": fetched_at,
        "missing_since": None,
        "first_seen_at": fetched_at,
        "first_seen": Seen.of(record).frozen(directory),
    }


def _store_differing(
    project: Project,
    records: Sequence[diga.Phone],
    fetched_at: datetime,
    since: datetime | None,
    stored: Stored,
) -> None:
    """Copy answers that seemed to differ, after a second look under a lock, and write down whose doing that was."""
    rows = Phone.objects.select_for_update().in_bulk([record.id for record in records])
    open_ones = open_changes(rows)
    written: list[Phone] = []
    observed: list[Change] = []
    for record in records:
        phone, ours = rows[record.id], open_ones.get(record.id, [])
        is_newer = phone.fetched_at > fetched_at or (since is not None and phone.fetched_at >= since)
        if is_newer or any(change.outcome == Outcome.PENDING for change in ours):
            continue
        phone.project = project
        seen_from = phone.fetched_at
        drift = drift_of(phone, Seen.of(phone), Seen.of(record), seen_from=seen_from, now=fetched_at, open_ones=ours)
        if _apply(phone, _values(record), fetched_at):
            stored.differing_count += 1
        written.append(phone)
        observed += [drift] if drift else []
    upsert(map(row_of, written))
    diary.record_observed(observed)
    stored.outside_count += len(observed)


def store_agents(project: Project, agents: diga.AgentList, *, now: datetime) -> None:
    """Copy Diga's list of agents and versions, and move `project.agents_changed_at` if anything differs.

    `now` is when the list was asked for.

    Agents that Diga no longer lists keep their name but lose their versions, so that nothing offers them. A list of
    which a part could not be read says nothing of those it leaves out: they stay as they are.

    :raises ForeignProject: one of the ids belongs to another project's agent.
    """
    wanted = {agent.agent_id: agent for agent in agents.data}
    with transaction.atomic():
        if Agent.objects.filter(pk__in=wanted).exclude(project=project).exists():
            raise ForeignProject
        before = _picture(project)
        ours = Agent.objects.filter(project=project)
        if agents.is_complete:
            ours.exclude(pk__in=wanted).update(is_listed=False)
        told = ours if agents.is_complete else ours.filter(pk__in=wanted)
        _write_agents(project, wanted.values())
        _write_versions(AgentVersion.objects.filter(agent__in=told), wanted.values())
        project.agents_read_at, project.agent_count = now, ours.filter(is_listed=True).count()
        moved = ["agents_read_at", "agent_count"]
        # Left alone where nothing differs: this object may be older than its row, by whose time copies are kept.
        if _picture(project) != before:
            project.agents_changed_at = now
            moved.append("agents_changed_at")
        project.save(update_fields=moved)


def _write_agents(project: Project, agents: Iterable[diga.Agent]) -> None:
    Agent.objects.bulk_create(
        [
            Agent(id=agent.agent_id, project=project, name=agent.name, sort_key=agent_key(agent.agent_id, agent.name))
            for agent in agents
        ],
        update_conflicts=True,
        unique_fields=["id"],
        update_fields=["name", "sort_key", "is_listed"],
    )


def _write_versions(told: QuerySet[AgentVersion], agents: Iterable[diga.Agent]) -> None:
    """Write the versions of the agents; of those we have, of agents the list tells of, drop what it doesn't have."""
    versions = {
        version.version_id: AgentVersion(
            id=version.version_id,
            agent_id=agent.agent_id,
            number=version.version_number,
            name=version.version_name,
            is_published=version.is_published,
            is_draft=version.is_draft,
        )
        for agent in agents
        for version in agent.versions
    }
    told.exclude(pk__in=versions).delete()
    AgentVersion.objects.bulk_create(
        versions.values(),
        update_conflicts=True,
        unique_fields=["id"],
        update_fields=["number", "name", "is_published", "is_draft"],
    )


def _picture(project: Project) -> set[tuple[Any, ...]]:
    agents = Agent.objects.filter(project=project).values_list("id", "name", "is_listed")
    versions = AgentVersion.objects.filter(agent__project=project).values_list(
        "id", "agent_id", "number", "name", "is_published", "is_draft"
    )
    return {*agents, *versions}


def learn_published(project: Project, version_ids: Iterable[uuid.UUID], *, now: datetime) -> None:
    """Note that Diga has published these versions: a phone took them. Nothing is written if we knew it."""
    news = AgentVersion.objects.filter(pk__in=list(version_ids), is_published=False, agent__project=project)
    for version in news:
        AgentVersion.objects.filter(agent=version.agent_id).exclude(pk=version.pk).update(is_published=False)
        version.is_published = True
        version.save(update_fields=["is_published"])
        project.agents_changed_at = now
        project.save(update_fields=["agents_changed_at"])
