"""P1: saving one phone through the site, and the time added to Diga's own."""

import http.client
import itertools
import json
import re
import time
import uuid
from collections.abc import Callable, Iterator
from html import unescape

import requests

from bench.lab.browser import Browser, Response, follow
from bench.lab.prepare import TOKEN
from bench.lab.sites import Lab, Server, Site, StandIn
from bench.measuring import Goal, Report, Row, Series, Variant, interleave

TITLE = "P1 Saving one phone"
ADDED_LIMIT_MS = {"sqlite": 8.0, "postgres": 12.0}
HEADERS = {"Authorization": f"Bearer {TOKEN}", "Content-Type": "application/json"}
# Each editor has a page of phones of its own: otherwise every save would rightly be a conflict.
DIRECT_SHARE = 3


class Editor:
    """A person who opens and saves one phone after the other: a new nickname, then another agent, in turn."""

    def __init__(self, site: Site, server: Server, share: int) -> None:
        self.browser: Browser = site.member(server)
        phone_ids = phones_of(self.browser, site, share)
        self._turns = itertools.cycle(phone_ids)
        self._list_path = site.list_path
        self._published = _published(self.browser.page(f"{site.list_path}{phone_ids[0]}/?picker=all"))
        self._count = itertools.count()

    def save_nickname(self) -> float:
        """Rename a phone in the drawer."""
        return self._save(lambda form: {"nickname": f"Bench {next(self._count)}"})

    def save_agent(self) -> float:
        """Give a phone another agent, in a version that is published already."""
        return self._save(self._another_agent)

    def _another_agent(self, form: Response) -> dict[str, str]:
        """Choose the next published version after the selected one."""
        now = _selected(form.text, "inbound")
        index = self._published.index(now) + 1 if now in self._published else 0
        return {"inbound_version_id": self._published[index % len(self._published)]}

    def rename_in_list(self) -> float:
        """Rename a phone in its row of the list."""
        phone_id = next(self._turns)
        path = f"{self._list_path}{phone_id}/nickname/"
        htmx = {"HX_Request": "true", "HX_Target": f"phone-{phone_id}"}
        form = self.browser.page(path, **htmx)
        values = _hidden(form) | {"nickname": f"Bench {next(self._count)}"}
        return _confirmed(self.browser.post(path, values, **htmx), values["nickname"])

    def _save(self, change: Callable[[Response], dict[str, str]]) -> float:
        path = f"{self._list_path}{next(self._turns)}/"
        htmx = {"HX_Request": "true", "HX_Target": "drawer"}
        form = self.browser.page(path, **htmx)
        kept = {f"{lane}_version_id": _selected(form.text, lane) for lane in ("inbound", "outbound")}
        values = _hidden(form) | {"nickname": form.field("nickname"), "reason": "", "ticket": ""} | kept | change(form)
        return _confirmed(self.browser.post(path, values, **htmx), "Diga confirmed")


def phones_of(browser: Browser, site: Site, share: int) -> list[str]:
    """Return the ids of a page of phones that can be edited, `share` pages from the list's start."""
    path = f"{site.list_path}?status=assigned"
    for _ in range(share):
        path = follow(browser.page(path), path)
    return re.findall(r'<tr id="phone-([0-9a-f-]{36})"', browser.page(path).text)


def _hidden(form: Response) -> dict[str, str]:
    return {
        "csrfmiddlewaretoken": form.field("csrfmiddlewaretoken"),
        "opened": form.field("opened"),
        "form_token": str(uuid.uuid4()),
    }


def _options(text: str, lane: str) -> list[tuple[str, bool, str]]:
    """Return value, whether selected, and label of a picker's options."""
    select = re.search(rf'<select[^>]* name="{lane}_version_id".*?</select>', text, re.S)
    if not select:
        raise LookupError(f"The form has no picker for {lane}")
    found = re.findall(r'<option value="([^"]*)"([^>]*)>([^<]*)<', select[0])
    return [(value, " selected" in marks, unescape(label)) for value, marks, label in found]


def _selected(text: str, lane: str) -> str:
    return next((value for value, is_selected, _ in _options(text, lane) if is_selected), "")


def _published(form: Response) -> list[str]:
    """Return the published versions that the picker offers where it lists all agents."""
    return [value for value, _, label in _options(form.text, "inbound") if " · published" in label]


def _confirmed(answer: Response, words: str) -> float:
    if answer.status != 200 or words not in unescape(answer.text):
        raise RuntimeError(f"Not saved: {answer.status}\n{answer.text[:3000]}")
    return answer.took


class Direct:
    """The two calls that a save needs, made directly: the time of Diga alone."""

    def __init__(self, stand_in: StandIn, phone_ids: list[str]) -> None:
        self._url, self._port = stand_in.url, stand_in.port
        self._turns: Iterator[str] = itertools.cycle(phone_ids)
        self._connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=60)
        self._session = requests.Session()
        self._session.trust_env = False
        self._session.headers.update(HEADERS)

    def by_socket(self) -> float:
        """GET and PATCH on one kept connection of the standard library: the lower bound."""
        path = f"/v1/phone/{next(self._turns)}"
        body = json.dumps({"nickname": uuid.uuid4().hex})
        started_at = time.perf_counter()
        for method, sent in (("GET", None), ("PATCH", body)):
            self._connection.request(method, path, sent, HEADERS)
            self._connection.getresponse().read()
        return (time.perf_counter() - started_at) * 1000

    def by_session(self) -> float:
        """GET and PATCH with a plain `requests.Session`, warm."""
        return self._session_call("GET") + self.one_by_session()

    def one_by_session(self) -> float:
        """One PATCH with a plain `requests.Session`, warm."""
        return self._session_call("PATCH", {"nickname": uuid.uuid4().hex})

    def with_agents(self) -> float:
        """GET, PATCH, and a GET of the agents, of which one says which version is live: what an agent's save needs."""
        return self.by_session() + self._session_call("GET", path="/v1/agent/versions-dropdown/dashboard")

    def _session_call(self, method: str, body: dict[str, str] | None = None, *, path: str = "") -> float:
        started_at = time.perf_counter()
        url = self._url + (path or f"/v1/phone/{next(self._turns)}")
        answer = self._session.request(method, url, json=body, timeout=60)
        took = (time.perf_counter() - started_at) * 1000
        answer.raise_for_status()
        return took


def run(lab: Lab) -> Report:
    """Time saves on every database between the same calls made directly."""
    options = lab.options
    sites = lab.sites()
    editors = {site.name: Editor(site, site.server, share) for share, site in enumerate(sites)}
    some_editor = next(iter(editors.values()))
    direct = Direct(lab.stand_in, phones_of(some_editor.browser, sites[0], DIRECT_SHARE))
    lab.stand_in.set_latency(options.latency_ms)
    saves, calls = options.count(20), options.count(20)
    variants = [
        Variant("direct, http.client: GET + PATCH", direct.by_socket, calls),
        Variant("direct, requests.Session: GET + PATCH", direct.by_session, calls),
        Variant("direct, requests.Session: PATCH", direct.one_by_session, options.count(12)),
        Variant("direct, requests.Session: and agents", direct.with_agents, options.count(12)),
    ]
    for site in sites:
        name, editor, cpu = site.name, editors[site.name], site.server.cpu_seconds
        variants += [
            Variant(f"{name}: nickname in the drawer", editor.save_nickname, saves, 1, cpu),
            Variant(f"{name}: agent in the drawer", editor.save_agent, saves, 1, cpu),
            Variant(f"{name}: nickname in the list", editor.rename_in_list, options.count(12), 1, cpu),
        ]
    series = interleave(variants, options.rounds)
    return _report(series, list(editors), options.latency_ms)


def _report(series: dict[str, Series], names: list[str], latency_ms: float) -> Report:
    session = series["direct, requests.Session: GET + PATCH"]
    one, three = series["direct, requests.Session: PATCH"], series["direct, requests.Session: and agents"]
    report = Report(rows=[Row(found, session) for found in series.values()])
    for name in names:
        rename, agent = (series[f"{name}: {what} in the drawer"] for what in ("nickname", "agent"))
        added, tail = rename.median - session.median, rename.percentile(0.99) - session.median
        report.goals += [
            Goal(f"P1.{name}.added", f"{name}: a nickname adds, p50", added, ADDED_LIMIT_MS[name], "ms"),
            Goal(f"P1.{name}.added_p99", f"{name}: a nickname adds, p99", tail, 25.0, "ms"),
            Goal(f"P1.{name}.total", f"{name}: a nickname saved / one bare call", rename.median / one.median, 2.2),
            Goal(f"P1.{name}.agent", f"{name}: an agent saved / its three calls", agent.median / three.median, 1.2),
        ]
    report.notes.append(
        f"Upstream {latency_ms:g} ms. A save is a fresh read and one write, so two calls are its physical floor. "
        "Timed from the first byte of the POST to the last of the answer: session, sign-in, CSRF, guard, diary, page."
    )
    return report
