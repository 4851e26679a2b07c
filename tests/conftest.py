"""What holds for every test: the network is off, nothing is remembered, unknown template variables fail."""

import gc
import os
import socket
from collections.abc import Iterator
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import hypothesis
import pytest
from django.conf import settings
from django.core.cache import cache
from django.template.base import FilterExpression
from django.template.context import Context
from django.test import TransactionTestCase
from django.utils import translation

from dashboard.monitoring import disk
from phones.services.projects import clients, pace_rows
from phones.services.routing.catalogue import forget_catalogues
from tests.support.database.emptying import empty_tables

ROOT = Path(__file__).resolve().parents[1]

# What is imported and collected stays to the end: to look for rubbish meanwhile takes a tenth of that time.
gc.disable()

# Playwright's synchronous interface runs an event loop in the thread that also uses the ORM.
os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"

# How fast something is, a benchmark says: a busy machine fails no test.
hypothesis.settings.register_profile("desk", deadline=None)
hypothesis.settings.load_profile("desk")

pytest_plugins = [
    f"tests.fixtures.{name}"
    for name in ("diga", "desk", "diary", "browser", "logs", "plans", "schedules", "spanish", "sso")
]


def _is_near(host: object) -> bool:
    """Say whether an address is this machine's own."""
    if host in {None, "", "localhost", b"localhost"}:
        return True
    try:
        return ip_address(str(host)).is_loopback or str(host) == "0.0.0.0"
    except ValueError:
        return False


# What these are about is in a page, a file, a sentence or an answer of Diga, whatever database is behind it. One crawl
# asks for every page on both.
SAME_ON_BOTH = (
    "tests/forms/",
    "tests/views/",
    "tests/wording/",
    "tests/services/editing/saving/test_save_outcomes.py",
    "tests/services/editing/saving/test_save_switches.py",
    "tests/services/exchange/test_import",
    "tests/services/exchange/test_phone_import",
)
CRAWL = "tests/views/every_page/test_access.py"
# Crawls over every page, random and killed things by the dozen, processes, speed: what takes seconds.
SLOW = {
    *(f"tests/dashboard/test_{name}.py" for name in ("framing", "outages", "settings")),
    *(f"tests/diga/test_{name}.py" for name in ("contract", "pace", "pace_learning", "wire")),
    "tests/diga/sandbox/test_switches.py",
    *(f"tests/services/editing/saving/test_save_{name}.py" for name in ("outcomes", "steps", "turns", "waits")),
    *(f"tests/services/exchange/test_{name}.py" for name in ("import_encoding", "phone_import", "phone_import_lines")),
    *(f"tests/services/number_reader/test_reader_{name}.py" for name in ("speed", "tickets")),
    *(f"tests/services/running/test_runner_{name}.py" for name in ("brakes", "crashes", "steps")),
    *(f"tests/services/sync/test_passes_{name}.py" for name in ("faults", "random")),
    *(
        f"tests/views/every_page/test_{name}.py"
        for name in ("access", "answers", "csrf", "forged", "secrets", "spanish_states", "xss")
    ),
    "tests/browser",
    "tests/services/tables/workbooks/test_workbooks.py",
    "tests/dashboard/test_deploy.py",
    "tests/services/projects/test_pace_rows.py",
    "tests/tasks/test_several_machines.py",
    "tests/tasks/test_worker.py",
    "tests/test_faults.py",
}
DATABASE_FIXTURES = {"db", "transactional_db", "live_server"}


def pytest_addoption(parser: pytest.Parser) -> None:
    """Offer to leave out what doesn't depend on the database, for the run on a second one, and what is slow."""
    parser.addoption("--second-database", action="store_true", help="only tests that meet the database in its own way")
    parser.addoption("--fast", action="store_true", help="only tests that take no seconds, and no browser")


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Leave out what is slow when asked to; don't even import it."""
    is_slow = config.getoption("--fast") and collection_path.relative_to(ROOT).as_posix() in SLOW
    return True if is_slow else None


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out, on a second database, what meets none, or each in the same way."""
    if not config.getoption("--second-database"):
        return
    left_out = [item for item in items if not _meets_database(item)]
    config.hook.pytest_deselected(items=left_out)
    items[:] = [item for item in items if _meets_database(item)]


def _meets_database(item: pytest.Item) -> bool:
    path = item.location[0]
    if path.startswith(SAME_ON_BOTH) and path != CRAWL:
        return False
    fixtures = set(getattr(item, "fixturenames", ()))
    return item.get_closest_marker("django_db") is not None or bool(fixtures & DATABASE_FIXTURES)


def pytest_collection_finish() -> None:
    """Look for rubbish less often, and never among what was collected: it stays to the end."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 50)
    gc.enable()


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_node_collection_finished() -> None:
    """Look for rubbish in the process that hands out the tests, too."""
    gc.enable()


@pytest.fixture(autouse=True)
def far_connections(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[object]]:
    """Refuse connections to other machines, list them, and fail the test. Names of other machines are not found."""
    tried: list[object] = []
    connect, connect_ex, getaddrinfo = socket.socket.connect, socket.socket.connect_ex, socket.getaddrinfo

    def check(sock: socket.socket, address: Any) -> None:
        if sock.family != socket.AF_UNIX and not _is_near(address[0]):
            tried.append(address)
            raise ConnectionRefusedError(f"The network is off in tests: {address!r}")

    def guarded_connect(sock: socket.socket, address: Any) -> None:
        check(sock, address)
        connect(sock, address)

    def guarded_connect_ex(sock: socket.socket, address: Any) -> int:
        check(sock, address)
        return connect_ex(sock, address)

    def guarded_getaddrinfo(host: Any, *args: Any, **kwargs: Any) -> Any:
        if not _is_near(host):
            raise socket.gaierror(socket.EAI_NONAME, f"Names are not looked up in tests: {host!r}")
        return getaddrinfo(host, *args, **kwargs)

    monkeypatch.setattr(socket.socket, "connect", guarded_connect)
    monkeypatch.setattr(socket.socket, "connect_ex", guarded_connect_ex)
    monkeypatch.setattr(socket, "getaddrinfo", guarded_getaddrinfo)

    yield tried

    assert not tried, f"This test reached for the network: {tried}"


@pytest.fixture(autouse=True)
def _nothing_is_remembered() -> Iterator[None]:
    """Start without what an earlier test left in this process: catalogues, pace, disk, cache, language."""
    forget_catalogues()
    disk.forget()
    clients.pace_of.cache_clear()
    for left in settings.DATA_DIR.glob("pace.sqlite3*"):
        left.unlink()
    cache.clear()
    yield
    pace_rows.close()
    translation.activate("en")


@pytest.fixture(autouse=True, scope="session")
def _tables_are_emptied_quickly() -> Iterator[None]:
    """Empty the tables after a test that commits in our own way: see `emptying`."""
    flush = TransactionTestCase._fixture_teardown  # type: ignore[attr-defined]
    TransactionTestCase._fixture_teardown = lambda self: empty_tables()  # type: ignore[attr-defined]
    yield
    TransactionTestCase._fixture_teardown = flush  # type: ignore[attr-defined]


@pytest.fixture(autouse=True, scope="session")
def _unknown_variables_fail(_fail_for_invalid_template_variable: None) -> Iterator[None]:
    """Let `{{ name|default:… }}` stand for an optional name; pytest-django fails every other unknown one."""
    resolve = FilterExpression.resolve

    def lenient(self: FilterExpression, context: Context, ignore_failures: bool = False) -> Any:
        has_default = bool(self.filters) and self.filters[0][0].__name__ == "default"
        return resolve(self, context, ignore_failures=ignore_failures or has_default)

    FilterExpression.resolve = lenient  # type: ignore[method-assign]
    yield
    FilterExpression.resolve = resolve  # type: ignore[method-assign]
