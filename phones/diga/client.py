"""The client: one method for each operation of the Diga API that Phone Desk uses.

Reads are retried within one deadline; a write is sent once. A client is cheap and thread-safe. Connections belong to
the session behind it, which should be shared.
"""

import copy
import logging
import time
from collections.abc import Callable, Sequence
from datetime import datetime
from uuid import UUID

import requests

from .base_url import checked_base_url
from .decoding import decode_page, decode_record, decode_rows, wrong_shape
from .errors import DigaForbidden, DigaNotFound, DigaRejected
from .pace import Pace
from .pages import MAX_PAGES, Query, Rows, all_pages
from .sending import Limits, Request, Sender
from .transport import BearerAuth, new_session
from .types import (
    Agent,
    AgentList,
    AgentVersion,
    Call,
    CallFilter,
    Page,
    Phone,
    PhoneList,
    PhoneUpdate,
    Publication,
    Record,
    SipConfig,
    Subscription,
    Text,
)
from .walking import Walk

logger = logging.getLogger("phones.diga")

PAGE_SIZE = 100


class _AgentRow(Record):
    """A row of the agent list: an agent at one version."""

    agent_id: UUID
    name: Text | None = None


class _OwnNumber(Record):
    """A phone as far as its trunk is concerned."""

    id: UUID
    sip_config: SipConfig | None = None


class DigaClient:
    """The Diga API for one key: the phones, agents and calls of one project.

    Every method raises exactly one kind of exception, a `DigaError`.
    """

    def __init__(
        self,
        token: str,
        *,
        base_url: str = "https://api.diga.io",
        session: requests.Session | None = None,
        pace: Pace | None = None,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
        connect_timeout: float = 3.0,
        read_timeout: float = 10.0,
        deadline: float = 15.0,
        max_bytes: int = 10 * 2**20,
    ) -> None:
        """Make a client.

        :param deadline: seconds one call may take in total, retries and waiting included.
        :param max_bytes: the size limit of an answer, decompressed.
        :raises ValueError: a header can't carry the key, or the address is plain http to another machine.
        """
        if not token.isascii() or not token.isprintable() or not token or " " in token:
            raise ValueError("An API key has visible ASCII characters only")
        self._base_url = checked_base_url(base_url)
        self._sender = Sender(
            self._base_url,
            BearerAuth(token),
            session or new_session(),
            Limits(connect_timeout, read_timeout, deadline, max_bytes),
            pace=pace,
            clock=clock,
            sleep=sleep,
        )

    def __repr__(self) -> str:
        return f"<DigaClient {self._base_url}>"

    def take_turns(self, count: int, *, timeout: float, reserve: int = 0) -> bool:
        """Wait for `count` turns of the pace, for calls by the client `with_turns_taken` gives.

        :param timeout: the longest wait in seconds; there is none if it is known that it would not suffice.
        :param reserve: how many more turns must be free, and are left to others: so work in the background lets people
            go first.
        :returns: True when all were taken, or if the client has no pace; False when none was.
        """
        return self._sender.take_turns(count, timeout=timeout, reserve=reserve)

    def with_turns_taken(self) -> "DigaClient":
        """Return a client with the same session, key and limits, whose calls don't take turns.

        A 429 slows all clients, its own included. A retried read takes turns for its further attempts.
        """
        other = copy.copy(self)
        other._sender = self._sender.with_turns_taken()
        return other

    def asking(self, on_wait: Callable[[], None]) -> "DigaClient":
        """Return a client with the same session, key, limits and pace, whose reads can be given up while they wait.

        :param on_wait: called before each read and about four times a second while it waits, in the thread that made
            the call; what it raises ends the call at once. The answer is then dropped when it comes.
        """
        other = copy.copy(self)
        other._sender = self._sender.asking(on_wait)
        return other

    def list_phones(
        self,
        *,
        after: UUID | None = None,
        before: UUID | None = None,
        page: int | None = None,
        limit: int = 100,
        status: str | None = None,
        order: str | None = None,
    ) -> Page[Phone]:
        """Return one page of the project's phones, by default in Diga's order, `desc`."""
        query = {"after": after, "before": before, "page": page, "limit": limit, "status": status, "order": order}
        return decode_page(self._get("/v1/phone/", query), Phone)

    def walk_phones(
        self,
        *,
        walkers: int = 8,
        boundaries: Sequence[UUID] = (),
        expected_count: int | None = None,
        clock: Callable[[], datetime] | None = None,
        limit: int = 100,
        waiting_limit: int | None = None,
    ) -> Walk:
        """Return a pass over all phones: iterate over its pages, then ask it whether it was complete.

        :param walkers: how many cursors read at once, each in a thread of its own.
        :param boundaries: ids of phones spread over the list, in any order, from which cursors can start; those
            gone since do no harm. Without them a few requests find some.
        :param expected_count: how many phones there were last time, should Diga not say.
        :param waiting_limit: how many pages may wait for a slow consumer; by default two a walker.
        :param clock: gives each page's `asked_at`; called in other threads. By default the time in UTC.
        """
        return Walk(
            self.list_phones,
            walkers=walkers,
            boundaries=boundaries,
            expected_count=expected_count,
            clock=clock,
            limit=limit,
            waiting_limit=waiting_limit,
            on_wait=self._sender.on_wait,
        )

    def get_phone(self, phone_id: UUID) -> Phone:
        """Return one phone."""
        return self._same_phone(phone_id, self._get(f"/v1/phone/{phone_id}"))

    def get_sip_config(self, phone_id: UUID) -> SipConfig | None:
        """Return how an own number reaches Diga; None for one that was bought there."""
        phone = decode_record(self._get(f"/v1/phone/{phone_id}"), _OwnNumber)
        if phone.id != phone_id:
            raise wrong_shape()
        return phone.sip_config

    def update_phone(self, phone_id: UUID, update: PhoneUpdate) -> Phone:
        """Change a phone and return it as Diga stored it, which may differ from the request.

        The request is sent once. After a `DigaUnavailable` with `sent`, only a read shows whether it was applied.

        :raises ValueError: if the update changes nothing.
        """
        body = update.body()
        if not body:
            raise ValueError("An update sets at least one field")
        return self._same_phone(phone_id, self._sender.send(Request("PATCH", f"/v1/phone/{phone_id}", body=body)))

    def list_agents(self) -> AgentList:
        """Return every agent with its versions. Unreadable agents are left out, counted and logged.

        The one endpoint that returns all is named for Diga's own dashboard. If it is refused, the agents and then the
        versions of each are listed.
        """
        try:
            value = self._get("/v1/agent/versions-dropdown/dashboard")
        except (DigaForbidden, DigaNotFound, DigaRejected):
            found = self._list_agents_one_by_one()
        else:
            found = AgentList(*decode_rows(value, Agent))
        if found.malformed_count:
            logger.warning(
                "%s malformed agents", found.malformed_count, extra={"malformed_count": found.malformed_count}
            )
        return found

    def _list_agents_one_by_one(self) -> AgentList:
        """List agents, then the versions of each; an agent with an unreadable version counts as malformed."""
        listed = all_pages(self._get, "/v1/agent/", _AgentRow, lambda row: row.agent_id)
        versions = {row.agent_id: self._list_versions(row.agent_id) for row in listed.rows}
        agents = tuple(
            Agent(agent_id=row.agent_id, name=row.name, versions=tuple(versions[row.agent_id].rows))
            for row in listed.rows
            if versions[row.agent_id].is_complete
        )
        malformed_count = listed.malformed_count + len(listed.rows) - len(agents)
        return AgentList(agents, malformed_count, is_cut=listed.is_cut)

    def list_phones_of_agent(self, agent_id: UUID, *, page_limit: int = MAX_PAGES) -> PhoneList:
        """Return the phones that an agent answers or dials from, each once. Unreadable ones are left out.

        At most so many pages are read for each direction.
        """
        found: dict[UUID, Phone] = {}
        is_cut = False
        for direction in ("inbound_agent_id", "outbound_agent_id"):
            seen: set[UUID] = set()
            after: UUID | None = None
            for _page in range(page_limit):
                query = {direction: agent_id, "after": after, "limit": PAGE_SIZE}
                page = decode_page(self._get("/v1/phone/", query), Phone)
                news = {phone.id: phone for phone in page.data if phone.id not in seen}
                found |= news
                seen |= news.keys()
                if not page.has_more or not news:
                    break
                after = page.data[-1].id
            else:
                is_cut = True
        return PhoneList(tuple(found.values()), is_cut=is_cut)

    def publish_version(self, agent_id: UUID, version_id: UUID) -> Publication:
        """Publish a saved version of an agent, and return what Diga reports as published, which may differ.

        The request names no phone. What Diga then does with the agent's phones is not documented, so read them again.
        The request is sent once. After a `DigaUnavailable` with `sent`, only a read shows whether it was applied.
        """
        path = f"/v1/agent/{agent_id}/published_version"
        value = self._sender.send(Request("PATCH", path, body={"version_id": str(version_id)}))
        publication = decode_record(value, Publication)
        if publication.agent_id != agent_id:
            raise wrong_shape()
        return publication

    def list_calls(
        self, wanted: CallFilter | None = None, *, after: UUID | None = None, limit: int = 50, order: str = "desc"
    ) -> Page[Call]:
        """Return a page of calls, by default newest first: the first one, or that behind a call."""
        query = (wanted or CallFilter()).query() | {"after": after, "limit": limit, "order": order}
        return decode_page(self._get("/v1/call/", query), Call)

    def get_subscription(self) -> Subscription:
        """Return the plan of the company, with the minutes used."""
        return decode_record(self._get("/v1/billing/subscription/"), Subscription)

    def _list_versions(self, agent_id: UUID) -> Rows[AgentVersion]:
        """List an agent's versions, and request the published one too, which the plain list may leave out."""
        path = f"/v1/agent/{agent_id}/version"
        versions = all_pages(self._get, path, AgentVersion, lambda version: version.version_id)
        if not any(version.is_published for version in versions.rows):
            published = all_pages(
                self._get, path, AgentVersion, lambda version: version.version_id, {"is_published": "true"}
            )
            known = {version.version_id for version in published.rows}
            others = [version for version in versions.rows if version.version_id not in known]
            malformed_count = published.malformed_count + versions.malformed_count
            return Rows([*published.rows, *others], malformed_count, published.is_cut or versions.is_cut)
        return versions

    @staticmethod
    def _same_phone(phone_id: UUID, value: object) -> Phone:
        phone = decode_record(value, Phone)
        if phone.id != phone_id:
            raise wrong_shape()
        return phone

    def _get(self, path: str, query: Query | None = None) -> object:
        return self._sender.send(Request("GET", path, query or {}))
