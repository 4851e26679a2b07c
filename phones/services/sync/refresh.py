"""Reading from Diga on demand: one phone, the agents behind it, or all phones of one agent."""

import uuid
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime

from phones import diga
from phones.models import Phone, Project
from phones.services.clock import Clock
from phones.services.projects.answers import note_answer, note_refusal
from phones.services.projects.clients import client_for
from phones.services.routing.catalogue import AgentEntry, catalogue_read
from phones.services.routing.edits import PhoneSnapshot
from phones.services.sync.merge import apply_in_memory
from phones.services.sync.store import ensure_read_is_newer, is_copy, store_phone, store_phones
from phones.services.sync.store_agents import store_agents

# Phones that have an agent in our copy and not in Diga's lists are read one by one; more of them need a sync.
STRAY_LIMIT = 50


def reread(
    *, project: Project, phone: Phone, client: diga.DigaClient, clock: Clock, is_before_write: bool = False
) -> PhoneSnapshot:
    """Read the phone from Diga, copy the answer to its row, and return what it says now.

    Before a write, an answer that says nothing new is not noted: the write's own answer follows.

    :raises DigaError: Diga gave no usable answer; the row is as before, but for `missing_since` after a 404, and what
        `note_refused` writes.
    """
    asked_at = clock()
    ensure_read_is_newer(phone, asked_at)
    try:
        record = client.get_phone(phone.pk)
    except diga.DigaNotFound:
        note_answer(project)
        note_missing(phone, asked_at)
        raise
    except diga.DigaError as error:
        note_refusal(project, error, clock())
        if isinstance(error, diga.DigaRejected):
            note_refused(phone, error, asked_at)
        raise
    note_answer(project)
    if not (is_before_write and is_copy(phone, record)):
        store_phone(phone, record, fetched_at=asked_at)
    return PhoneSnapshot.of(record)


def note_missing(phone: Phone, since: datetime) -> None:
    """Note on a phone that Diga does not know it, unless that is noted already."""
    if phone.missing_since is None:
        phone.missing_since = since
        Phone.objects.filter(pk=phone.pk, missing_since=None).update(missing_since=since)


def note_refused(phone: Phone, error: diga.DigaRejected, asked_at: datetime) -> None:
    """Note on a phone that Diga refused to tell about it. That says nothing of any other phone, nor of the key."""
    phone.refused_at, phone.refused_status, phone.refused_message = asked_at, error.status, error.message
    phone.save(update_fields=["refused_at", "refused_status", "refused_message"])


def refresh_phone(*, project: Project, phone: Phone, clock: Clock) -> bool:
    """Read the phone, copy the answer, and say whether any of its three values had moved.

    :raises NoKey: the project has no usable key.
    :raises DigaError: Diga gave no usable answer; our copy is as before.
    """
    before = PhoneSnapshot.of(phone)
    return reread(project=project, phone=phone, client=client_for(project), clock=clock) != before


def peek(*, project: Project, phone: Phone, clock: Clock) -> None:
    """Read the phone for a page that only shows it: `phone` then says what Diga says, no row is written.

    :raises NoKey: the project has no usable key.
    :raises DigaError: Diga gave no usable answer; `phone` is as our copy.
    """
    asked_at = clock()
    apply_in_memory(phone, client_for(project).get_phone(phone.pk), asked_at)


def reread_agents(*, project: Project, client: diga.DigaClient, clock: Clock) -> diga.AgentList:
    """Read all agents and versions from Diga, copy the answer, and return it.

    :raises DigaError: Diga gave no usable answer, or (`ForeignProject`) one that is not of this project; our copy is as
        before.
    """
    project.refresh_from_db(fields=["agents_read_at"])
    asked_at = clock()
    try:
        agents = client.list_agents()
        store_agents(project, agents, asked_at=asked_at)
    except diga.DigaError as error:
        note_refusal(project, error, clock())
        raise
    note_answer(project, is_ours=True)
    return agents


@dataclass(frozen=True, slots=True)
class UsersRead:
    """The phones that were read because of an agent, whether or not they have it. More may have it unless complete."""

    ids: frozenset[uuid.UUID]
    is_complete: bool


def reread_users(
    *, project: Project, agent_id: uuid.UUID, client: diga.DigaClient, clock: Clock, page_limit: int | None = None
) -> UsersRead:
    """Read the phones that an agent answers or dials from, and copy the answers to their rows.

    Each of Diga's two lists is read for `page_limit` pages at most. What our copy has with the agent and they don't
    is read by itself: that a list leaves a phone out proves nothing.

    :raises DigaError: Diga gave no usable answer.
    """
    asked_at, limit = clock(), {} if page_limit is None else {"page_limit": page_limit}
    try:
        listed = client.list_phones_of_agent(agent_id, **limit)
        store_phones(project, listed.data, fetched_at=asked_at)
    except diga.DigaError as error:
        note_refusal(project, error, clock())
        raise
    note_answer(project)
    ids = frozenset(record.id for record in listed.data)
    strays = [phone for phone in Phone.objects.filter(project=project).using_agents({agent_id}) if phone.pk not in ids]
    if listed.is_cut or len(strays) > STRAY_LIMIT:
        return UsersRead(ids, is_complete=False)
    for phone in strays:
        phone.project = project
        # One that Diga doesn't know counts no more; one that it won't show counts by our copy.
        with suppress(diga.DigaNotFound, diga.DigaRejected):
            reread(project=project, phone=phone, client=client, clock=clock)
    return UsersRead(ids | {phone.pk for phone in strays}, is_complete=True)


def peek_agent(*, project: Project, agent_id: uuid.UUID) -> AgentEntry | None:
    """Return an agent as Diga has it now, for a page that only shows it; None if it is gone. No row is written.

    :raises NoKey: the project has no usable key.
    :raises DigaError: Diga gave no usable answer.
    """
    agents = client_for(project).list_agents()
    agents.require(agent_id)
    return catalogue_read(agents.data).agent(agent_id)
