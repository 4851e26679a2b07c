"""The simulated Diga without a transport: keys, routes, faults, and a journal of the requests."""

import json
import re
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from typing import Any
from uuid import UUID

from . import agents, billing, calls, phones
from .faults.breaking import spoil
from .faults.churning import Churn
from .faults.planned import Fault, Faults
from .faults.switches import Switches
from .late import Late
from .seeding import NOW, seed_keys, seed_projects
from .serving.messages import Answer, Refusal, Request, envelope, invalid, read_uuid
from .state import AgentRow, Key, PhoneRow, Project, Received, Table
from .turns import Turns

# When the journal is full its older half is dropped; whoever needs every request passes a larger limit.
MAX_JOURNAL = 50_000
ID = r"(?P<id>[^/]+)"
ROUTES = (
    ("GET", r"/v1/phone/", "phones.view"),
    ("GET", rf"/v1/phone/{ID}", "phones.view"),
    ("PATCH", rf"/v1/phone/{ID}", "phones.update"),
    ("GET", r"/v1/agent/", "agents.view"),
    ("GET", r"/v1/agent/versions-dropdown/dashboard", "agents.view"),
    ("GET", rf"/v1/agent/{ID}", "agents.view"),
    ("GET", rf"/v1/agent/{ID}/version", "agents.view"),
    ("PATCH", rf"/v1/agent/{ID}/published_version", "agents.update"),
    ("GET", r"/v1/call/", "calls.view"),
    ("GET", r"/v1/billing/subscription/", "billing.view"),
)
_COMPILED = tuple((method, re.compile(pattern), pattern, permission) for method, pattern, permission in ROUTES)


class Sandbox:
    """One or more Diga projects in memory. Requests are carried out under one lock; waiting is outside of it."""

    def __init__(
        self,
        seed: int = 1,
        phones: int = 240,
        agents: int = 7,
        latency_ms: float = 0,
        switches: Switches | None = None,
        max_journal: int = MAX_JOURNAL,
        call_every_seconds: float | None = None,
        now: datetime = NOW,
    ) -> None:
        """Make one whose data is of the day `now`."""
        self.lock = threading.RLock()
        self.keys: dict[str, Key] = {key.token: key for key in seed_keys()}
        self.faults = Faults()
        self.churn: Churn | None = None
        self.journal: list[Received] = []
        self._late: list[Late] = []
        self._max_journal = max_journal
        self._now = now
        self._size = (seed, phones, agents)
        self._turns = Turns()
        self._latency_ms, self._call_every_seconds = latency_ms, call_every_seconds
        self.reset(switches=switches)

    def reset(
        self,
        *,
        seed: int | None = None,
        phones: int | None = None,
        agents: int | None = None,
        switches: Switches | None = None,
    ) -> None:
        """Restore the seeded data (or another seed's): no faults, an empty journal, all keys, default switches."""
        with self.lock:
            given = (seed, phones, agents)
            self._size = tuple(  # type: ignore[assignment]
                old if new is None else new for old, new in zip(self._size, given, strict=True)
            )
            self.projects: dict[str, Project] = seed_projects(*self._size, now=self._now)
            self.keys = {key.token: key for key in seed_keys()}
            self.switches = switches or Switches(
                latency_ms=self._latency_ms, call_every_seconds=self._call_every_seconds
            )
            self.faults.clear()
            self.churn = None
            self.journal.clear()
            self._late.clear()
            self._turns.clear()

    @property
    def phones(self) -> Table[PhoneRow]:
        """The phones of the first project, Clínicas Aurora."""
        return self.projects["aurora"].phones

    @property
    def agents(self) -> dict[UUID, AgentRow]:
        """The agents of the first project, by id."""
        return self.projects["aurora"].agents

    def key(self, project: str = "aurora", name: str = "full") -> str:
        """Return the token of a key: `full`, `readonly`, `nocalls`, `nobilling` or `noagents` of a project."""
        return next(key.token for key in self.keys.values() if key.name == f"{project}-{name}")

    def handle(self, request: Request) -> Answer:
        """Answer a request as Diga would, or as a planned fault says, and add it to the journal."""
        with self.lock:
            self._carry_out([late for late in self._late if late.is_due(time.monotonic())])
            key = self._find_key(request)
            if self.churn:
                self.churn(self.projects[key.project if key else "aurora"].phones)
            fault = self.faults.take(request.method, request.path)
            answer = self._answer(request, key, fault)
            answer.delay_seconds = self.switches.latency_ms / 1000
            self._note(request, key, answer)
            if fault and fault.when == "late" and request.method != "GET":
                due_at = None if fault.late_seconds is None else time.monotonic() + fault.late_seconds
                self._late.append(Late(request, key, self.journal[-1], due_at))
            return answer

    def carry_out_late(self) -> None:
        """Carry out now the requests that faults have postponed."""
        with self.lock:
            self._carry_out(list(self._late))

    def _carry_out(self, lates: list[Late]) -> None:
        for late in lates:
            self._late.remove(late)
            if self._refuse_or(partial(self._route, late.request, late.key)).applied:
                late.received.applied, late.received.applied_at = True, time.monotonic()

    def _answer(self, request: Request, key: Key | None, fault: Fault | None) -> Answer:
        if fault is None:
            return self._refuse_or(lambda: self._route(request, key))
        if fault.when != "after" and fault.kind != "stored_other" and request.method != "GET":
            # The answer is then that of the same request, carried out without a change.
            request = replace(request, method="GET", body=b"")
        answer = self._refuse_or(lambda: self._route(request, key))
        if fault.kind == "stored_other" and answer.status == 200:
            return self._store_other(request, key)
        return spoil(answer, fault)

    @staticmethod
    def _refuse_or(make: Callable[[], Answer]) -> Answer:
        try:
            return make()
        except Refusal as refusal:
            return refusal.answer

    def _find_key(self, request: Request) -> Key | None:
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        return self.keys.get(token) if scheme == "Bearer" else None

    def _route(self, request: Request, key: Key | None) -> Answer:
        if key is None:
            status = self.switches.bad_key_status
            return envelope(status, "INVALID_API_KEY", "The key is unknown")
        self._turns.take(key.token, self.switches)
        matches = [
            (method, pattern, permission, match)
            for method, compiled, pattern, permission in _COMPILED
            if (match := compiled.fullmatch(request.path))
        ]
        if not matches:
            return self._redirect_slash(request)
        for method, pattern, permission, match in matches:
            if method == request.method and not self._is_shadowed(pattern, request.path):
                if permission not in key.permissions or permission == self.switches.refused_permission:
                    return envelope(403, "INTERNAL_SERVER_ERROR", "Missing required permissions")
                return self._call(method + " " + pattern, request, key, match.groupdict())
        return Answer(405, {"detail": "Method Not Allowed"})

    @staticmethod
    def _is_shadowed(pattern: str, path: str) -> bool:
        """Return whether a pattern with an id matches a path that has a fixed word in its place."""
        return path == "/v1/agent/versions-dropdown/dashboard" and ID in pattern

    @staticmethod
    def _redirect_slash(request: Request) -> Answer:
        """Redirect for a missing or an extra slash at the end, as Diga's framework does."""
        other = request.path[:-1] if request.path.endswith("/") else request.path + "/"
        if any(compiled.fullmatch(other) for _, compiled, _, _ in _COMPILED):
            host = request.headers.get("host", "127.0.0.1")
            query = "&".join(f"{name}={value}" for name, value in request.query.items())
            return Answer(307, headers={"Location": f"http://{host}{other}{'?' if query else ''}{query}"})
        return Answer(404, {"detail": "Not Found"})

    def _call(self, route: str, request: Request, key: Key, parts: dict[str, str]) -> Answer:
        project, switches = self.projects[key.project], self.switches
        name = "phone_id" if "/phone/" in route else "agent_id"
        row_id = read_uuid(parts["id"], ["path", name]) if "id" in parts else UUID(int=0)
        match route.replace(ID, "*"):
            case "GET /v1/phone/":
                return phones.list_phones(project, switches, request.query)
            case "GET /v1/phone/*":
                return Answer(200, phones.write_phone(phones.find_phone(project, row_id), switches))
            case "PATCH /v1/phone/*":
                return self._patch_phone(project, key, row_id, read_json(request.body))
            case "GET /v1/billing/subscription/":
                return billing.read_subscription(project, switches, datetime.now(UTC))
            case "GET /v1/call/":
                return calls.list_calls(project, switches, request.query, datetime.now(UTC))
            case agents_route:
                return self._call_agents(agents_route, request, key, row_id)

    def _call_agents(self, route: str, request: Request, key: Key, agent_id: UUID) -> Answer:
        project, switches = self.projects[key.project], self.switches
        match route:
            case "GET /v1/agent/":
                return agents.list_agents(project, switches, request.query)
            case "GET /v1/agent/versions-dropdown/dashboard":
                return agents.list_dropdown(project, switches)
            case "GET /v1/agent/*":
                return agents.read_agent(project, agent_id, request.query)
            case "GET /v1/agent/*/version":
                return agents.list_versions(project, switches, agent_id, request.query)
            case _:
                if "phones.update" not in key.permissions:
                    return envelope(403, "INTERNAL_SERVER_ERROR", "Missing required permissions")
                return agents.publish(project, switches, agent_id, read_json(request.body))

    def _patch_phone(self, project: Project, key: Key, phone_id: UUID, body: object) -> Answer:
        attaches = isinstance(body, dict) and any(body.get(name) for name in phones.DIRECTIONS)
        if attaches and self.switches.patch_needs_agents_update and "agents.update" not in key.permissions:
            return envelope(403, "INTERNAL_SERVER_ERROR", "Missing required permissions")
        phone = phones.find_phone(project, phone_id)
        return phones.change_phone(project, self.switches, phone, body)

    def _store_other(self, request: Request, key: Key | None) -> Answer:
        """Store something else than requested, and answer with it."""
        assert key  # noqa: S101 - a request without a key was not answered with 200.
        project = self.projects[key.project]
        if request.path.endswith("/published_version"):
            return self._publish_other(project, request)
        phone, asked = project.phones[UUID(request.path.rpartition("/")[2])], read_json(request.body)
        if "nickname" in asked:
            phone.nickname = f"{phone.nickname or ''} (otro)"
        others = [agent.id for agent in project.agents.values() if agent.id != phone.inbound_agent_id]
        if "inbound_version_id" in asked and others:
            phone.inbound_agent_id = others[0]
        return Answer(200, phones.write_phone(phone, self.switches), applied=True)

    @staticmethod
    def _publish_other(project: Project, request: Request) -> Answer:
        """Publish the agent's oldest saved version that was not requested, and answer with it."""
        agent = project.agents[UUID(request.path.split("/")[3])]
        asked = read_json(request.body)["version_id"]
        others = [version for version in agent.versions if str(version.id) != asked and not version.is_draft]
        agent.published_id = min(others, key=lambda version: version.number).id
        return agents.write_publication(agent, dict.fromkeys(agents.PHONE_LANES))

    def _note(self, request: Request, key: Key | None, answer: Answer) -> None:
        is_answered = answer.wire is None or answer.wire.kind not in ("hang", "close", "reset")
        if len(self.journal) >= self._max_journal:
            del self.journal[: self._max_journal // 2]
        self.journal.append(
            Received(
                method=request.method,
                path=request.path,
                query=request.query,
                body=_body_for_journal(request.body),
                status=answer.status if is_answered else None,
                applied=answer.applied,
                key_name=key.name if key else "",
                received_at=time.monotonic(),
                applied_at=time.monotonic() if answer.applied else None,
            )
        )


def read_json(body: bytes) -> Any:
    """Read a request's body. :raises Refusal: with the 422 of Diga's framework."""
    try:
        return json.loads(body)
    except ValueError:
        raise Refusal(invalid((["body", 0], "JSON decode error", "json_invalid"))) from None


def _body_for_journal(body: bytes) -> object:
    if not body:
        return None
    try:
        value: object = json.loads(body)
    except ValueError:
        return body.decode("utf-8", "replace")
    return value
