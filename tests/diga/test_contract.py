"""The stand-in's answers and the client's requests against the API's document: our subset of it."""

import json
import re
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
from jsonschema import Draft202012Validator
from referencing import Registry
from referencing.jsonschema import DRAFT202012

from phones.diga import CallFilter, DigaClient, DigaError, PhoneUpdate
from phones.diga.sandbox import Sandbox, Switches
from phones.diga.sandbox.serving.messages import Request

# The vendor's paths, parameters, types and enumerations that Phone Desk meets, as of 2026-07-22, as strict as theirs.
DOCUMENT = Path(__file__).resolve().parents[1] / "data/diga-openapi.json"
ERROR_SCHEMAS = ("ErrorResponse", "HTTPValidationError")
SWITCHES: dict[str, Switches] = {
    "likeliest": Switches(),
    "null ignored": Switches(null_agent="ignore", null_nickname="ignore", empty_nickname="ignore"),
    "null refused": Switches(null_agent="reject", null_nickname="reject", empty_nickname="reject"),
    "publish refused with 400": Switches(publish_refusal_status=400),
    "publish refused with 422": Switches(publish_refusal_status=422, publish_refusal_shape="validation"),
    "version refused with 422": Switches(unknown_version_status=422),
    "drafts": Switches(draft_accepted=True, both_directions="one_by_one", unpublish_when_unused=True),
    "missing, not null": Switches(nulls_left_out=True),
    "totals": Switches(totals_in_cursor_mode=True, pages_give_cursor_ids=False, released_listed=False),
    "narrow": Switches(dropdown_refused=True, deleted_cursor="refuses", nickname_while_reserved=False),
    "published apart": Switches(versions_without_published=True),
    "bad key is 403": Switches(bad_key_status=403),
    "no minutes": Switches(minutes_used_up=True, calls_of_unknown_version=True, call_every_seconds=1),
    "publishing detaches": Switches(publish_without_phones="detach"),
    "publishing is refused": Switches(publish_over_another="refused", publish_needs_phone=True),
}


class Document:
    """The OpenAPI document, as a judge of requests and answers."""

    def __init__(self) -> None:
        self.value = json.loads(DOCUMENT.read_text("utf-8"))
        self._registry: Registry[Any] = Registry().with_resource(
            "urn:document", DRAFT202012.create_resource(self.value)
        )
        self._errors = {"anyOf": [{"$ref": f"urn:document#/components/schemas/{name}"} for name in ERROR_SCHEMAS]}

    def complaints(self, schema: object, value: object) -> list[str]:
        """Say what is wrong with a value; references are to this document."""
        text = json.dumps(schema).replace('"$ref": "#/', '"$ref": "urn:document#/')
        validator = Draft202012Validator(
            json.loads(text),
            registry=self._registry,
            format_checker=Draft202012Validator.FORMAT_CHECKER,
        )
        return [f"{error.json_path}: {error.message}" for error in validator.iter_errors(value)]

    def operation(self, method: str, path: str) -> tuple[str, dict[str, Any]]:
        """Find an operation; fixed words win over parts in braces."""
        for template in sorted(self.value["paths"], key=lambda template: "{" in template):
            pattern = re.sub(r"\{[^/]+\}", "[^/]+", template)
            if re.fullmatch(pattern, path) and method.lower() in self.value["paths"][template]:
                return template, self.value["paths"][template][method.lower()]
        raise LookupError(f"{method} {path}")

    def _resolve(self, value: dict[str, Any]) -> dict[str, Any]:
        if "$ref" in value:
            resolver = self._registry.resolver("urn:document")
            found: dict[str, Any] = resolver.lookup(value["$ref"]).contents
            return found
        return value

    def judge_answer(self, method: str, path: str, status: int, body: object) -> list[str]:
        """Say what is wrong with an answer; a status the document has not must carry an error body."""
        _, operation = self.operation(method, path)
        documented = operation["responses"].get(str(status))
        if documented is None:
            return self.complaints(self._errors, body)
        schema = self._resolve(documented)["content"]["application/json"]["schema"]
        found = self.complaints(schema, body)
        return found if status < 400 else found and self.complaints(self._errors, body)

    def judge_request(self, method: str, path: str, query: dict[str, str], body: object) -> list[str]:
        """Say what is wrong with a request: unknown or ill-formed parameters, or its body."""
        template, operation = self.operation(method, path)
        every = [*operation.get("parameters", []), *self.value["paths"][template].get("parameters", [])]
        known = {item["name"]: item["schema"] for item in map(self._resolve, every) if item["in"] == "query"}
        found = [f"unknown parameter {name}" for name in query if name not in known]
        for name, text in query.items():
            if name in known and all(self.complaints(known[name], value) for value in _readings(text)):
                found.append(f"{name}={text}")
        if body is not None:
            schema = operation["requestBody"]["content"]["application/json"]["schema"]
            found += self.complaints(schema, body)
        return found


def _readings(text: str) -> Iterator[object]:
    yield text
    try:
        yield json.loads(text)
    except ValueError:
        return


@pytest.fixture(scope="module")
def document() -> Document:
    return Document()


NOWHERE = "00000000-0000-4000-8000-000000000000"
Question = tuple[str, str, dict[str, str], object]


def _questions(sandbox: Sandbox) -> Iterator[Question]:
    """Yield requests that reach every route, and every refusal of each."""
    yield from _list_questions(sandbox)
    yield from _read_questions(sandbox)
    yield from _phone_changes(sandbox)
    yield from _publishings(sandbox)


def _list_questions(sandbox: Sandbox) -> Iterator[Question]:
    phones = list(sandbox.phones)
    alicia = sandbox.projects["aurora"].agent("Alicia")
    for_all: tuple[dict[str, str], ...] = (
        {},
        {"limit": "3"},
        {"limit": "3", "page": "2", "order": "asc"},
        {"page": "99"},
        {"limit": "0"},
        {"limit": "5000"},
        {"limit": "many"},
        {"order": "sideways"},
        {"after": "nonsense"},
        {"after": NOWHERE},
        {"after": NOWHERE, "before": NOWHERE},
    )
    for path in ("/v1/phone/", "/v1/agent/", "/v1/call/", f"/v1/agent/{alicia.id}/version"):
        for query in for_all:
            yield "GET", path, query, None
    for query in (
        {"after": str(phones[20].id), "limit": "5"},
        {"before": str(phones[20].id), "limit": "5"},
        {"status": "reserved"},
        {"status": "released"},
        {"status": "odd"},
        {"inbound_agent_id": str(alicia.id), "page": "1"},
        {"start_assigned_at": "2026-09-01T00:00:00Z"},
        {"end_assigned_at": "yesterday"},
        {"end_assigned_at": "2026-09-01T00:00:00"},
    ):
        yield "GET", "/v1/phone/", query, None
    for query in (
        {"type": "inbound"},
        {"phone_id": str(phones[-1].id)},
        {"status": "odd"},
        {"start_created_date": "2026-10-01T00:00:00Z", "end_created_date": "2026-10-08T00:00:00Z"},
        {"start_created_date": "yesterday"},
    ):
        yield "GET", "/v1/call/", query, None
    yield "GET", "/v1/agent/versions-dropdown/dashboard", {}, None
    yield "GET", "/v1/billing/subscription/", {}, None
    yield "GET", f"/v1/agent/{alicia.id}/version", {"is_published": "true"}, None


def _read_questions(sandbox: Sandbox) -> Iterator[Question]:
    alicia, gema = (sandbox.projects["aurora"].agent(name) for name in ("Alicia", "Gema"))
    ids = [*(phone.id for phone in sandbox.phones), NOWHERE, "nonsense"]
    for phone_id in ids:
        yield "GET", f"/v1/phone/{phone_id}", {}, None
    queries: tuple[dict[str, str], ...] = (
        {},
        {"is_published": "true"},
        {"is_published": "perhaps"},
        {"version_id": str(alicia.version(2).id)},
        {"version_id": NOWHERE},
        {"version_id": NOWHERE, "is_published": "true"},
    )
    for agent_id in (alicia.id, gema.id, NOWHERE, "nonsense"):
        for query in queries:
            yield "GET", f"/v1/agent/{agent_id}", query, None


def _phone_changes(sandbox: Sandbox) -> Iterator[Question]:
    alicia, dora = (sandbox.projects["aurora"].agent(name) for name in ("Alicia", "Dora"))
    phones = list(sandbox.phones)
    for phone in (phones[-1], phones[-6], phones[-12], phones[-17]):
        bodies: tuple[object, ...] = (
            {},
            [],
            {"nickname": "Otra"},
            {"nickname": None},
            {"nickname": ""},
            {"nickname": 5},
            {"inbound_version_id": None},
            {"inbound_version_id": 5},
            {"inbound_version_id": "nonsense"},
            {"inbound_version_id": NOWHERE},
            {"inbound_version_id": str(alicia.id)},
            {"inbound_version_id": str(alicia.draft.id)},
            {"inbound_version_id": str(alicia.version(5).id), "outbound_version_id": None},
            {"outbound_version_id": str(dora.version(2).id), "inbound_version_id": str(dora.version(1).id)},
        )
        for body in bodies:
            yield "PATCH", f"/v1/phone/{phone.id}", {}, body


def _publishings(sandbox: Sandbox) -> Iterator[Question]:
    dora, phone = sandbox.projects["aurora"].agent("Dora"), list(sandbox.phones)[-1]
    bodies: tuple[object, ...] = (
        {"version_id": str(dora.version(1).id), "inbound_phone_number_id": str(phone.id)},
        {"version_id": str(dora.version(2).id)},
        {"version_id": str(dora.version(1).id)},
        {"version_id": NOWHERE},
        {"version_id": 5},
        {"inbound_phone_number_id": NOWHERE, "version_id": str(dora.version(1).id)},
        {"version_id": None},
        [],
    )
    for body in bodies:
        yield "PATCH", f"/v1/agent/{dora.id}/published_version", {}, body
    yield "PATCH", f"/v1/agent/{NOWHERE}/published_version", {}, {}


@pytest.mark.parametrize("name", SWITCHES)
@pytest.mark.parametrize("key_kind", ["full", "readonly", "nocalls", "nobilling", "noagents", "none"])
def test_every_answer_is_one_the_document_allows(document: Document, name: str, key_kind: str) -> None:
    sandbox = Sandbox(phones=40, switches=SWITCHES[name])
    token = "unknown" if key_kind == "none" else sandbox.key("aurora", key_kind)
    statuses: set[int] = set()
    complaints: list[str] = []

    for method, path, query, body in _questions(sandbox):
        data = b"" if body is None else json.dumps(body).encode()
        answer = sandbox.handle(Request(method, path, query, {"authorization": f"Bearer {token}"}, data))
        statuses.add(answer.status)
        found = document.judge_answer(method, path, answer.status, answer.body)
        complaints += [f"{method} {path} {query} {body} {answer.status}: {words}" for words in found]

    assert complaints == []
    if key_kind == "none":
        assert statuses == {SWITCHES[name].bad_key_status}
    else:
        assert {200, 404, 422} <= statuses


def test_a_wrong_answer_is_noticed(document: Document, sandbox: Sandbox) -> None:
    path = f"/v1/phone/{next(iter(sandbox.phones)).id}"
    answer = sandbox.handle(Request("GET", path, {}, {"authorization": f"Bearer {sandbox.key()}"}))
    answer.body["id"] = "nonsense"
    del answer.body["number"]

    complaints = document.judge_answer("GET", path, 200, answer.body)

    assert len(complaints) == 2


def test_no_row_has_a_field_the_contract_has_not(document: Document, sandbox: Sandbox) -> None:
    schemas = document.value["components"]["schemas"]
    routes = {"/v1/phone/": "Phone", "/v1/agent/": "Agent", "/v1/call/": "Call"}

    for path, schema in routes.items():
        answer = sandbox.handle(Request("GET", path, {}, {"authorization": f"Bearer {sandbox.key()}"}))

        assert answer.body["data"]
        for row in answer.body["data"]:
            assert set(row) <= set(schemas[schema]["properties"])


def test_every_request_of_the_client_is_one_the_document_allows(
    document: Document, sandbox: Sandbox, make_diga_client: Callable[..., DigaClient]
) -> None:
    client = make_diga_client(deadline=2.0)
    phone = list(sandbox.phones)[-1]
    version_id = sandbox.projects["aurora"].agent("Alicia").version(5).id

    list(client.walk_phones(limit=7))
    client.list_phones(page=2, limit=5, status="assigned", order="asc")
    client.list_phones(before=phone.id)
    client.list_agents()
    wanted = CallFilter(phone.id, version_id, "inbound", "completed", datetime(2026, 10, 1, 9, 30, tzinfo=UTC))
    client.list_calls(wanted, limit=5)
    client.list_calls(after=client.list_calls(limit=1).data[0].id)
    client.get_subscription()
    client.get_sip_config(phone.id)
    client.get_phone(phone.id)
    client.update_phone(phone.id, PhoneUpdate(nickname="Otra", inbound_version_id=version_id))
    client.update_phone(phone.id, PhoneUpdate(nickname=None, outbound_version_id=None))
    client.list_phones_of_agent(sandbox.projects["aurora"].agent("Alicia").id)
    client.publish_version(sandbox.projects["aurora"].agent("Alicia").id, version_id)
    sandbox.switches.dropdown_refused = True
    sandbox.switches.versions_without_published = True
    client.list_agents()

    assert len(sandbox.journal) > 20
    for received in sandbox.journal:
        judged = document.judge_request(received.method, received.path, received.query, received.body)
        assert judged == [], f"{received.method} {received.path}?{urlencode(received.query)}"


def test_a_wrong_request_is_noticed(document: Document) -> None:
    bad = {"limit": "many", "search": "Málaga"}

    assert document.judge_request("GET", "/v1/phone/", bad, None) == ["unknown parameter search", "limit=many"]
    assert len(document.judge_request("PATCH", "/v1/phone/x", {}, {"nickname": 5})) == 1


def test_the_client_understands_every_error_the_stand_in_makes(
    sandbox: Sandbox, make_diga_client: Callable[..., DigaClient]
) -> None:
    client = make_diga_client()
    phone = list(sandbox.phones)[-1]
    dora = sandbox.projects["aurora"].agent("Dora")

    with pytest.raises(DigaError) as caught:
        client.update_phone(phone.id, PhoneUpdate(inbound_version_id=dora.version(2).id))

    assert (caught.value.status, caught.value.code) == (409, "AGENT_VERSION_ALREADY_PUBLISHED")
    assert caught.value.message.startswith("Dora · Encuestas has another version")
