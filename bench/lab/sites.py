"""The environment of benchmarks: the sandbox, temporary databases, and the site in front of them."""

import http.client
import json
import secrets
import shutil
import tempfile
import time
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import psycopg

from bench.lab.browser import Browser
from bench.lab.machine import processor_seconds
from bench.lab.prepare import MEMBER, PASSWORD, SUPERUSER
from bench.lab.processes import PATIENCE_SECONDS, Child, clean_environment, free_port, run

POSTGRES = "postgres://postgres@127.0.0.1:5432/"
GUNICORN = ("-m", "gunicorn", "--no-control-socket")


@dataclass(frozen=True)
class Options:
    """The options of the command line."""

    databases: tuple[str, ...]
    latency_ms: float
    phones: int
    rounds: int
    is_quick: bool

    def count(self, samples: int) -> int:
        """Return the number of samples a round: a third of them with `--quick`."""
        return max(3, samples // 3) if self.is_quick else samples


class StandIn:
    """The sandbox in a process of its own."""

    def __init__(self, child: Child) -> None:
        self.child = child
        self.url = child.await_word(r"http://127\.0\.0\.1:\d+")[0]

    @property
    def port(self) -> int:
        """The port it listens on."""
        return int(self.url.rpartition(":")[2])

    def set_latency(self, milliseconds: float) -> None:
        """Set the latency of every answer."""
        self._switch({"latency_ms": milliseconds})

    def set_rate_limit(self, per_second: float | None) -> None:
        """Limit calls to so many a second, with a burst of one second's worth; None removes the limit."""
        self._switch({"rate_limit": per_second})

    def _switch(self, switches: dict[str, float | None]) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        connection.request("PUT", "/_sandbox/switches", json.dumps(switches))
        answer = connection.getresponse()
        answer.read()
        connection.close()
        if answer.status != 204:
            raise RuntimeError(f"The stand-in refused its switch: {answer.status}")


@dataclass(frozen=True)
class Server:
    """A running web server."""

    child: Child
    url: str
    ready_ms: float

    def cpu_seconds(self) -> float:
        """Return the processor time used by its processes."""
        return processor_seconds(self.child.pid)

    def browser(self) -> Browser:
        """Return a new client for it."""
        return Browser(self.url)


class Site:
    """One database, filled through the product's services, and servers on it."""

    def __init__(self, lab: "Lab", name: str, database_url: str) -> None:
        self._lab = lab
        self.name = name
        self.folder = lab.folder / name
        self.folder.mkdir(mode=0o700)
        self.env = lab.env | {"DATA_DIR": str(self.folder), "DATABASE_URL": database_url}
        lab.stand_in.set_latency(0)
        found = json.loads(
            run(["-m", "bench.lab.prepare"], self.env, lab.folder / f"prepare-{name}.log").splitlines()[-1]
        )
        self.list_path = f"/projects/{found['slug']}/phones/"
        self.agent_id: str = found["agent"]
        self.phone_count: int = found["phone_count"]
        self.sync_seconds: float = found["sync_seconds"]

    def serve(self, *arguments: str, **env: str) -> Server:
        """Start the site as in production, and wait until it answers."""
        return self._lab.serve(self.env | env, *arguments)

    @cached_property
    def server(self) -> Server:
        """The site with its baselines, shared by all benchmarks."""
        return self.serve(BENCH_BASELINES="1")

    def member(self, server: Server | None = None) -> Browser:
        """Return a signed-in client of a member of the project."""
        browser = (server or self.server).browser()
        browser.sign_in(MEMBER, PASSWORD)
        return browser

    def superuser(self) -> Browser:
        """Return a signed-in client of a superuser, for Django's admin."""
        browser = self.server.browser()
        browser.sign_in(SUPERUSER, PASSWORD)
        return browser


class Lab:
    """Makes what a benchmark needs, once, and removes all of it at the end."""

    def __init__(self, options: Options) -> None:
        self.options = options
        self._stack = ExitStack()
        self._sites: dict[str, Site] = {}
        self._missing: dict[str, str] = {}
        self.folder = Path(tempfile.mkdtemp(prefix="phone-desk-bench-"))
        self._stack.callback(shutil.rmtree, self.folder, ignore_errors=True)

    def close(self) -> None:
        """Stop every process and drop every database and folder."""
        self._stack.close()

    def start(self, arguments: tuple[str, ...], env: dict[str, str], name: str) -> Child:
        """Start a Python process that ends with the lab at the latest."""
        child = Child(arguments, env, self.folder / f"{name}-{secrets.token_hex(3)}.log")
        self._stack.callback(child.stop)
        return child

    @cached_property
    def env(self) -> dict[str, str]:
        """The settings of every child: production's, without a rate limit that would slow the client."""
        return clean_environment() | {
            "DJANGO_SETTINGS_MODULE": "bench.lab.settings",
            "BENCH_STATIC_ROOT": str(self._static_root),
            "DEBUG": "false",
            "DIGA_API_URL": self.stand_in.url,
            "DIGA_PROXY_URL": "",
            "DIGA_REQUESTS_PER_SECOND": "100000",
            "REDIS_URL": "",
            "SECRET_KEY": secrets.token_urlsafe(48),
            "TOKEN_KEYS": "",
            "ALLOWED_HOSTS": "127.0.0.1",
            "SITE_URL": "http://127.0.0.1:8000",
            "TIME_ZONE": "Europe/Madrid",
            "LOG_LEVEL": "INFO",
        }

    @cached_property
    def _static_root(self) -> Path:
        """The static files of the working tree, collected and compressed."""
        folder = self.folder / "static"
        env = clean_environment() | {
            "DJANGO_SETTINGS_MODULE": "bench.lab.settings",
            "BENCH_STATIC_ROOT": str(folder),
            "BENCH_BASELINES": "1",
            "DATA_DIR": str(self.folder / "collect"),
            "DEBUG": "false",
        }
        run(["manage.py", "collectstatic", "--no-input", "--verbosity", "0"], env, self.folder / "collect.log")
        return folder

    @cached_property
    def stand_in(self) -> StandIn:
        """The sandbox, at first without latency."""
        return self.start_stand_in(self.options.phones)

    def start_stand_in(self, phones: int) -> StandIn:
        """Start a sandbox with so many phones, which include those of a smaller one."""
        # It needs no database, but valid settings.
        env = clean_environment() | {"DATA_DIR": str(self.folder / "stand-in"), "DEBUG": "false"}
        arguments = ("manage.py", "sandbox", "--port", "0", "--phones", str(phones))
        return StandIn(self.start(arguments, env, "stand-in"))

    def serve(self, env: dict[str, str], *arguments: str) -> Server:
        """Start gunicorn with the product's configuration, and wait until it answers and all workers run."""
        port = free_port()
        url = f"http://127.0.0.1:{port}"
        env = env | {"BIND": f"127.0.0.1:{port}", "SITE_URL": url, "WEB_CONCURRENCY": "2", "WEB_THREADS": "8"}
        started_at = time.perf_counter()
        child = self.start((*GUNICORN, *arguments), env, "web")
        await_answer(child, port)
        return Server(child, url, (time.perf_counter() - started_at) * 1000)

    def sites(self) -> list[Site]:
        """Return a site for each requested database that is available; print which are not."""
        return [site for name in self.options.databases if (site := self.site(name))]

    def site(self, name: str) -> Site | None:
        """Return the site on a database, made at the first call; None if that database is not available."""
        if name not in self._sites and name not in self._missing:
            try:
                self._sites[name] = Site(self, name, self._database_url(name))
            except psycopg.OperationalError as error:
                why = str(error).strip().splitlines()[0]
                self._missing[name] = why
                print(f"Skipped: {name}. {why}", flush=True)
        return self._sites.get(name)

    def _database_url(self, name: str) -> str:
        if name == "sqlite":
            return f"sqlite:///{self.folder}/sqlite/phone-desk.sqlite3"
        database = f"phone_desk_bench_{secrets.token_hex(4)}"
        _administer(f'CREATE DATABASE "{database}"')
        self._stack.callback(_administer, f'DROP DATABASE IF EXISTS "{database}" WITH (FORCE)')
        return POSTGRES + database


def _administer(statement: str) -> None:
    with psycopg.connect(POSTGRES + "postgres", connect_timeout=3, autocommit=True) as connection:
        connection.execute(statement)


def await_answer(child: Child, port: int) -> None:
    """Wait until the site's health page answers 200."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < deadline and not child.is_over():
        with suppress(OSError, http.client.HTTPException):
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
            connection.request("GET", "/health/")
            if connection.getresponse().status == 200:
                connection.close()
                return
        time.sleep(0.004)
    raise RuntimeError(f"The site did not answer:\n{child.tail()}")
