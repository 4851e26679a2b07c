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
from phones.models import Agent, AgentVersion, Change, Phone, Project
from phones.services.audit import log
from phones.services.clock import CLOCK_SLACK, is_ahead
from phones.services.finding.keyset import agent_key
from phones.services.phone_numbers import digits_of, folded, nickname_key, shown_number
from phones.services.projects.identity import ForeignProject
from phones.services.routing.catalogue import Catalogue, catalogue_of
from phones.services.routing.edits import FIELDS
from phones.services.sync.bulk_rows import COPIED, DERIVED, read_kept, row_of, touch, upsert
from phones.services.sync.drift import Ours, Seen, drifts_of, ours_of


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


def apply_in_memory(phone: Phone, record: diga.Phone, *, read_at: datetime) -> None:
    """Let the object in memory say what an answer says; its row stays as it is."""
    _apply(phone, _values(record), read_at)


def clamp_future_reads(phones: QuerySet[Phone], now: datetime) -> None:
    """Let rows that were read ahead of now have been read just before: the clock was set back since.

    They were read before now in truth, so that is no lie, and answers that are asked for from now on are newer again.
    """
    phones.filter(fetched_at__gt=now + CLOCK_SLACK).update(fetched_at=now - timedelta.resolution)


def ensure_read_is_newer(phone: Phone, now: datetime) -> None:
    """See to it that an answer about the phone that is asked for from now on is newer than its row."""
    if is_ahead(phone.fetched_at, now):
        clamp_future_reads(Phone.objects.filter(pk=phone.pk), now)
        phone.refresh_from_db(fields=["fetched_at"])


@dataclass(frozen=True, slots=True)
class Answer:
    """What Diga says of one phone. `phone` is our copy in memory, which says the same as its row afterwards.

    `fetched_at` is when the answer arrived for a write, and when it was asked for for a read. `set_by_us` are the
    fields that the write has set: what differs in others was changed outside.
    """

    phone: Phone
    record: diga.Phone
    fetched_at: datetime
    set_by_us: Collection[str] = ()

    def is_newer_than(self, row: Phone) -> bool:
        """Say whether the answer tells of a later moment than the row.

        It does where nothing has been stored since it was asked for, whatever the clocks say. Else the times of
        asking decide.
        """
        return row.fetched_at in {self.phone.fetched_at, self.fetched_at} or row.fetched_at < self.fetched_at


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
        newer = _newer(answers, rows)
        log.record_observed(_drifts(project, rows, newer))
        for answer in newer:
            row = rows[answer.phone.pk]
            _apply(row, _values(answer.record), max(answer.fetched_at, row.fetched_at))
        upsert(row_of(rows[answer.phone.pk]) for answer in newer)
    for answer in answers:
        for name in (*COPIED, *DERIVED, "note", "fetched_at", "missing_since"):
            setattr(answer.phone, name, getattr(rows[answer.phone.pk], name))


def _newer(answers: Iterable[Answer], rows: Mapping[uuid.UUID, Phone]) -> list[Answer]:
    """Return the answers that are newer than their rows; a doubtful one about a write of ours is not."""
    newer = [answer for answer in answers if answer.is_newer_than(rows[answer.phone.pk])]
    overtaken = [answer for answer in newer if rows[answer.phone.pk].fetched_at != answer.phone.fetched_at]
    if not overtaken:
        return newer
    ours = ours_of([answer.phone.pk for answer in overtaken], max(answer.fetched_at for answer in overtaken))
    doubtful = {
        answer.phone.pk
        for answer in overtaken
        if answer.phone.pk in ours
        and ours[answer.phone.pk].is_taken_back(
            Seen.of(rows[answer.phone.pk]), Seen.of(answer.record), asked_at=answer.fetched_at
        )
    }
    return [answer for answer in newer if answer.phone.pk not in doubtful]


def _drifts(project: Project, rows: Mapping[uuid.UUID, Phone], answers: Iterable[Answer]) -> list[Change]:
    """Return what others changed, by answers that say something else than their rows where we set nothing."""
    differing = [
        answer
        for answer in answers
        if any(
            Seen.of(rows[answer.phone.pk]).value(name) != Seen.of(answer.record).value(name)
            for name in (*FIELDS, "status")
            if name not in answer.set_by_us
        )
    ]
    if not differing:
        return []
    ours = ours_of([answer.phone.pk for answer in differing], max(answer.fetched_at for answer in differing))
    found = []
    for answer in differing:
        row = rows[answer.phone.pk]
        row.project = project
        found += drifts_of(
            row,
            Seen.of(row),
            Seen.of(answer.record),
            seen_from=row.fetched_at,
            now=max(answer.fetched_at, row.fetched_at),
            set_by_us=answer.set_by_us,
            ours=ours.get(row.pk, Ours()),
        )
    return found


def store_phones(
    project: Project, records: Sequence[diga.Phone], *, fetched_at: datetime, since: datetime | None = None
) -> Stored:
    """Copy a page of Diga's list, asked for at `fetched_at`, and say what was new and what differed.

    Left alone is a row that was read later than `fetched_at` (an edit came between), and one that a write of ours
    is under way to, or has just ended for: nobody can tell whether the page has its effect. Such a phone is asked for
    by itself at the end of the pass. `since` is when this pass began: several pages
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
    catalogue = catalogue_of(project)
    news = [_new_row(project, record, catalogue, fetched_at) for record in new]
    stored = Stored(new_count=len(new))
    with transaction.atomic():
        touch(same, fetched_at=fetched_at)
        upsert(news)
        if differing:
            _store_differing(project, differing, fetched_at, since, stored)
    return stored


def _new_row(project: Project, record: diga.Phone, catalogue: Catalogue, fetched_at: datetime) -> dict[str, Any]:
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
        "first_seen": Seen.of(record).frozen(catalogue),
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
    all_ours = ours_of(rows, fetched_at)
    written: list[Phone] = []
    observed: list[Change] = []
    for record in records:
        phone, ours = rows[record.id], all_ours.get(record.id, Ours())
        row, says = Seen.of(phone), Seen.of(record)
        is_newer = phone.fetched_at > fetched_at or (since is not None and phone.fetched_at >= since)
        if is_newer or ours.is_being_sent or ours.is_taken_back(row, says, asked_at=fetched_at):
            continue
        phone.project = project
        observed += drifts_of(phone, row, says, seen_from=phone.fetched_at, now=fetched_at, ours=ours)
        if _apply(phone, _values(record), fetched_at):
            stored.differing_count += 1
        written.append(phone)
    upsert(map(row_of, written))
    log.record_observed(observed)
    stored.outside_count += len(observed)


def store_agents(project: Project, agents: diga.AgentList, *, asked_at: datetime) -> None:
    """Copy Diga's list of agents and versions, unless our copy is newer; `agents_changed_at` moves if anything differs.

    The list is newer where no other was stored since it was asked for: `project.agents_read_at` is of that moment.
    Else the times of asking decide.

    Agents that Diga no longer lists keep their name but lose their versions, so that nothing offers them. A list of
    which a part could not be read says nothing of those it leaves out: they stay as they are.

    :raises ForeignProject: one of the ids belongs to another project's agent.
    """
    wanted = {agent.agent_id: agent for agent in agents.data}
    with transaction.atomic():
        if Agent.objects.filter(pk__in=wanted).exclude(project=project).exists():
            raise ForeignProject
        held = (
            Project.objects.select_for_update(no_key=True)
            .only("agents_read_at", "agents_changed_at")
            .get(pk=project.pk)
        )
        is_overtaken = held.agents_read_at not in {None, project.agents_read_at}
        if held.agents_read_at and is_overtaken and held.agents_read_at > asked_at:
            project.agents_read_at, project.agents_changed_at = held.agents_read_at, held.agents_changed_at
            return
        ours = Agent.objects.filter(project=project)
        has_moved = not _says_the_same(project, agents)
        if has_moved:
            if agents.is_complete:
                ours.exclude(pk__in=wanted).update(is_listed=False)
            told = ours if agents.is_complete else ours.filter(pk__in=wanted)
            _write_agents(project, wanted.values())
            _write_versions(AgentVersion.objects.filter(agent__in=told), wanted.values())
        is_set_back = held.agents_read_at is not None and is_ahead(held.agents_read_at, asked_at)
        project.agents_read_at = asked_at if is_set_back else _after(held.agents_read_at, asked_at)
        project.agent_count = ours.filter(is_listed=True).count()
        # In-process copies are kept by this time, so that it never goes back.
        project.agents_changed_at = _after(held.agents_changed_at, asked_at) if has_moved else held.agents_changed_at
        project.save(update_fields=["agents_read_at", "agent_count", "agents_changed_at"])


def _after(earlier: datetime | None, moment: datetime) -> datetime:
    """Return the moment, or the next one after an earlier, where that is not earlier."""
    return moment if earlier is None else max(moment, earlier + timedelta.resolution)


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


def _says_the_same(project: Project, agents: diga.AgentList) -> bool:
    """Say whether our copy has what a list says: all of it, where it is complete."""
    ours = Agent.objects.filter(project=project)
    versions = AgentVersion.objects.filter(agent__project=project)
    kept = {
        *ours.filter(is_listed=True).values_list("id", "name"),
        *versions.values_list("id", "agent_id", "number", "name", "is_published", "is_draft"),
    }
    agents_told = {agent.agent_id: (agent.agent_id, agent.name) for agent in agents.data}
    # What is listed twice counts as it is listed last, as when it is written.
    versions_told = {
        v.version_id: (v.version_id, agent.agent_id, v.version_number, v.version_name, v.is_published, v.is_draft)
        for agent in agents.data
        for v in agent.versions
    }
    if not agents.is_complete:
        kept = {row for row in kept if row[0] in agents_told or row[1] in agents_told}
    return kept == {*agents_told.values(), *versions_told.values()}
