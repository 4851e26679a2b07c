"""The API key is in nothing that leaves its row: pages, headers, logs, rows, sessions, queue, error pages."""

import http.client
import io
import json
import logging
import traceback
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any
from uuid import uuid4

import pytest
from django.apps import apps
from django.conf import settings
from django.contrib.auth.models import User
from django.core.cache import cache
from django.core.management import CommandError, call_command
from django.db import connections
from django.test import Client
from huey.contrib.djhuey import HUEY
from pytest_django import Settings

from phones import tasks
from phones.diga import DigaClient
from phones.diga.sandbox import Fault, Sandbox
from phones.models import Change, Phone, Project, Session, SyncRun
from phones.services.editing import save as editing_save
from tests.fixtures.desk import CANARY, Canary
from tests.support.database.dumping import dump
from tests.support.desk.saving import forget_waiting
from tests.support.diga.failures import FAILURES, PHONES
from tests.support.pages.pages import FOR_DRAWER, FOR_TABLE, Answer, open_phone, plan, read, sign_in, url_of, words
from tests.support.pages.places import KINDS, addresses, things_of

ClientOf = Callable[[User], Client]
ECHO = f"Unknown key: Authorization: Bearer {CANARY}"


class Spy:
    """Keeps everything that came out of the site during a test, and what printed it."""

    def __init__(self) -> None:
        self.stream = io.StringIO()

    def see(self, *things: object) -> None:
        """Note things as they would be read."""
        for thing in things:
            self.stream.write(f"{thing}\n")

    def see_record(self, record: logging.LogRecord) -> bool:
        """Note all that a log record carries, whatever its formatter makes of it."""
        self.see(vars(record))
        return True

    def see_answer(self, response: Answer) -> None:
        """Note an answer with its headers and cookies."""
        self.see(response.getvalue().decode(errors="replace"), dict(response.headers), response.cookies.output())

    def see_storage(self) -> None:
        """Note every table, model, session, cache entry and queued task there is."""
        self.see(json.dumps(dump(), default=str))
        for model in apps.get_models():
            self.see(*(f"{row!r} {row}" for row in model._default_manager.all()))
        self.see(*(session.get_decoded() for session in Session.objects.all()))
        self.see(cached())
        queue: Any = HUEY
        project_id = str(Project.objects.all()[0].pk)
        for task in (tasks.run_claimed_sync.s(1), tasks.sync_if_free.s(project_id), tasks.tick.s()):
            self.see(queue.serialize_task(task))

    @property
    def text(self) -> str:
        """Everything noted."""
        return self.stream.getvalue()


def cached() -> bytes:
    """Return all that is in the cache, keys and values."""
    store: Any = cache._cache  # type: ignore[attr-defined]
    if isinstance(store, dict):
        return b"\n".join(key.encode() + b" " + value for key, value in store.items())
    redis = store.get_client()
    return b"\n".join(key + b" " + (redis.get(key) or b"") for key in redis.keys("*"))


@pytest.fixture
def spy() -> Iterator[Spy]:
    """Listen to every logger at DEBUG."""
    spy = Spy()
    handler = logging.StreamHandler(spy.stream)
    handler.setFormatter(logging.getLogger().handlers[0].formatter)
    handler.addFilter(spy.see_record)
    loggers = [logging.getLogger(name) for name in ("", "urllib3", "phones.diga", "django", "django.request", "huey")]
    levels = [logger.level for logger in loggers]
    for logger in loggers:
        logger.setLevel(logging.DEBUG)
    logging.getLogger().addHandler(handler)
    yield spy
    logging.getLogger().removeHandler(handler)
    for logger, level in zip(loggers, levels, strict=True):
        logger.setLevel(level)


@pytest.fixture
def client(client_of: ClientOf, router: User) -> Client:
    """The browser of somebody who may rename and re-route."""
    return client_of(router)


def assert_silent(canary: Canary, spy: Spy, printed: pytest.CaptureFixture[str] | None = None) -> None:
    """Find no piece of the key in what the spy has seen and in what was printed."""
    seen = spy.text + ("".join(printed.readouterr()) if printed else "")
    assert canary.found_in(seen) == [], _around(seen, canary)


def _around(seen: str, canary: Canary) -> str:
    at = seen.find(canary.token)
    return seen[max(0, at - 300) : at + 100]


@pytest.mark.parametrize("kind", KINDS)
def test_key_is_on_no_page(
    request: pytest.FixtureRequest,
    canary: Canary,
    spy: Spy,
    aurora: Project,
    superuser: User,
    kind: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    client = Client() if kind == "anonymous" else sign_in(Client(), request.getfixturevalue(kind))
    own = things_of(aurora, superuser)

    for address in addresses():
        url = address.url(own)
        for headers in ({}, FOR_DRAWER, FOR_TABLE) if address.name.startswith("phone_") else ({},):
            spy.see_answer(client.get(url, headers=headers))
        if "logout" not in url and "disconnect" not in url:
            # allauth keeps the body of a request that has to wait for the password in the session, as it is.
            typed = {} if address.name.startswith("mfa_") else {"key": CANARY, "name": "Otra"}
            spy.see_answer(client.post(url, typed))
    spy.see_storage()

    assert "GET /v1/phone/" in spy.text or kind in {"anonymous", "stranger"}
    assert_silent(canary, spy, capsys)


@pytest.mark.parametrize("method", ["GET", "PATCH"])
def test_key_is_in_no_failure(
    client: Client,
    sandbox: Sandbox,
    diga_url: str,
    monkeypatch: pytest.MonkeyPatch,
    canary: Canary,
    spy: Spy,
    sales_phone: Phone,
    method: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    form = open_phone(client, sales_phone)

    # After a 429 everybody holds off, so those come last.
    for failure in sorted(FAILURES, key=lambda failure: failure.cause == "rate_limited"):
        Project.objects.update(token_state="ACCEPTED")
        Phone.objects.update(missing_since=None)
        with failure.happening(monkeypatch, sandbox, diga_url, method):
            answer = form.send(nickname="Mío", form_token=str(uuid4()), headers=FOR_DRAWER)
        sentence = failure.sentence if method == "PATCH" else failure.read_sentence
        # What to do next is another thing while Diga may still apply it.
        assert sentence.partition(". ")[0] in words(read(answer))
        spy.see_answer(answer)
    spy.see_answer(client.get(url_of("phone_edit", sales_phone)))
    spy.see_storage()

    assert spy.text.count('"logger": "phones.diga"') > len(FAILURES)
    assert_silent(canary, spy, capsys)


ECHOES = [
    *(Fault("status", status=status, body={"message": ECHO}) for status in (400, 401, 403, 404, 409, 500)),
    Fault("status", status=422, body={"detail": [{"loc": ["body", "nickname"], "msg": ECHO, "type": "x"}]}),
    Fault("html", body=f"<pre>{ECHO}</pre>"),
    Fault("redirect", location=f"http://127.0.0.1:9/?key={CANARY}"),
    # After it everybody holds off, so it comes last.
    Fault("status", status=429, body={"message": ECHO}),
]


@pytest.mark.parametrize("method", ["GET", "PATCH"])
def test_key_that_diga_echoes_is_not_passed_on(
    client: Client,
    sandbox: Sandbox,
    canary: Canary,
    spy: Spy,
    sales_phone: Phone,
    method: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    forget_waiting(monkeypatch, deadline=0.9)
    form = open_phone(client, sales_phone)

    for fault in ECHOES:
        Project.objects.update(token_state="ACCEPTED")
        Phone.objects.update(missing_since=None)
        plan(sandbox, replace(fault, method=method, path=PHONES, times=None))
        answer = form.send(nickname="Mío", form_token=str(uuid4()), headers=FOR_DRAWER)
        spy.see_answer(answer)
        sandbox.faults.clear()
    spy.see_answer(client.get("/projects/aurora/changes/"))
    spy.see_storage()

    assert "Unknown key: Authorization: Bearer" in spy.text
    assert_silent(canary, spy)


def test_key_that_was_typed_is_not_shown_again(
    client_of: ClientOf, superuser: User, canary: Canary, spy: Spy, sandbox: Sandbox
) -> None:
    client = client_of(superuser)

    for key in (CANARY, f"Bearer {CANARY}", f"{CANARY}é", f"{CANARY}•", CANARY[:-1], CANARY[:15]):
        for url in ("/projects/aurora/settings/", "/connect/"):
            response = client.post(url, {"name": "", "key": key}, follow=True)
            assert response.status_code in {200, 422}
            spy.see_answer(response)
    spy.see_storage()

    assert_silent(canary, spy)


def test_key_is_not_printed_where_http_client_is_debugged(
    client: Client,
    canary: Canary,
    spy: Spy,
    sales_phone: Phone,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(http.client.HTTPConnection, "debuglevel", 1)

    open_phone(client, sales_phone).send(nickname="Mío")

    assert Change.objects.get().outcome == "CONFIRMED"
    assert_silent(canary, spy, capsys)


def test_key_is_not_on_the_error_page_of_a_crash_while_sending(
    client: Client,
    canary: Canary,
    spy: Spy,
    settings: Settings,
    sales_phone: Phone,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    settings.DEBUG = True
    # A crash leaves a save under way; nobody here has to wait for it.
    monkeypatch.setattr(editing_save, "WAITS_SECONDS", (0.1,))
    form = open_phone(client, sales_phone)
    client.raise_request_exception = False
    pages = set()

    for count in range(1, 40):
        calls = iter(range(1, 10_000))

        def crash(calls: Iterator[int] = calls, last: int = count) -> float:
            if next(calls) == last:
                raise RuntimeError("A bug of ours")
            return 0.0

        with monkeypatch.context() as patched:
            patched.setitem(DigaClient.__init__.__kwdefaults__, "clock", crash)  # type: ignore[arg-type]
            response = form.send(nickname="Mío")
        if response.status_code != 500:
            break
        spy.see_answer(response)
        pages |= {
            name for name in ("urlopen", "readinto", "_attempt", "change_phone") if name in response.content.decode()
        }

    assert {"urlopen", "readinto", "_attempt", "change_phone"} <= pages
    assert_silent(canary, spy, capsys)


def test_key_is_in_no_output_of_a_command(
    canary: Canary, spy: Spy, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    forget_waiting(monkeypatch)
    commands: list[tuple[list[str], str]] = [
        (["connect_project", "Aurora", "--token-file", "-"], CANARY),
        (["connect_project", "Aurora", "--token-file", "-"], f"{CANARY[:-1]}•"),
        (["connect_project", "Other", "--token-file", "-"], CANARY),
        (["connect_project", CANARY[:8], "--token-file", "/nowhere"], CANARY),
        (["sync_phones"], ""),
        (["rotate_keys"], ""),
        (["check", "--database", "default"], ""),
    ]

    for status in (None, 401, 403, 500):
        for arguments, typed in commands:
            if status:
                plan(sandbox, Fault("status", status=status, body={"message": ECHO}, times=3))
            monkeypatch.setattr("sys.stdin", io.StringIO(typed))
            out = io.StringIO()
            try:
                call_command(*arguments, verbosity=3, stdout=out, stderr=out)
            except CommandError:
                spy.see(traceback.format_exc())
            spy.see(out.getvalue())
            sandbox.faults.clear()
    spy.see_storage()

    assert "Aurora" in spy.text
    assert_silent(canary, spy, capsys)


def test_key_is_in_no_failed_sync(
    client_of: ClientOf,
    admin: User,
    canary: Canary,
    spy: Spy,
    sandbox: Sandbox,
    aurora: Project,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    forget_waiting(monkeypatch, deadline=0.9)
    client = client_of(admin)

    for status in (401, 403, 429, 500):
        plan(sandbox, Fault("status", status=status, body={"message": ECHO}, times=None))
        Project.objects.update(token_state="ACCEPTED")
        run = client.post("/projects/aurora/sync/", follow=True)
        tasks.run_claimed_sync(SyncRun.objects.latest("pk").pk)
        spy.see_answer(run)
        for page in (f"sync/{SyncRun.objects.latest('pk').pk}/", "", "settings/"):
            spy.see_answer(client.get(f"/projects/aurora/{page}"))
        sandbox.faults.clear()
    spy.see_storage()

    assert SyncRun.objects.filter(state="FAILED").count() == 4
    assert_silent(canary, spy)


@pytest.mark.django_db(transaction=True)
def test_key_is_in_no_file_of_the_data_folder(client: Client, canary: Canary, sales_phone: Phone) -> None:
    open_phone(client, sales_phone).send(nickname="Mío")

    files = [path for path in settings.DATA_DIR.rglob("*") if path.is_file()]

    assert any("pace" in path.name for path in files) or settings.REDIS_URL
    assert [path.name for path in files if canary.found_in(path.read_bytes())] == []
    # To close a file of SQLite takes away the locks of every connection of this process: make new ones.
    connections.close_all()


@pytest.mark.parametrize("place", ["row", "page", "log", "session", "cache", "print", "header"])
def test_planted_key_is_found(
    client: Client, canary: Canary, spy: Spy, sales_phone: Phone, place: str, capsys: pytest.CaptureFixture[str]
) -> None:
    match place:
        case "row":
            Change.objects.create(
                project=sales_phone.project, phone=sales_phone, created_at=sales_phone.fetched_at, message=ECHO
            )
        case "page":
            Phone.objects.filter(pk=sales_phone.pk).update(nickname=CANARY)
        case "log":
            logging.getLogger("urllib3.connectionpool").debug("headers: %s", {"Authorization": CANARY})
        case "session":
            session = client.session
            session["typed"] = CANARY
            session.save()
        case "cache":
            cache.set("key", CANARY)
        case "print":
            print(f"send: Authorization: {CANARY}")  # noqa: T201 - as http.client does.
        case _:
            response = client.get("/health/")
            response["X-Debug"] = CANARY
            spy.see_answer(response)
    if place == "page":
        spy.see_answer(client.get(url_of("phone_edit", sales_phone)))
    else:
        spy.see_storage()

    with pytest.raises(AssertionError):
        assert_silent(canary, spy, capsys)
