"""The finder on 100 kB of tickets: its reader compared with one pass of a regular expression, and its page."""

import re
import time
import tracemalloc
from collections.abc import Callable
from typing import Any

from bench.lab.sites import Lab, Site
from bench.measuring import Goal, Report, Row, Variant, interleave

TITLE = "Finder, 100 kB of tickets"
LENGTH = 100_000
# The simplest alternative to the reader: everything that looks like a number.
BARE = re.compile(r"(?:\+|00)?\(?\d[\d ().\-/]{7,}\d")
TIME_LIMIT, MEMORY_LIMIT = 100.0, 30.0


def run(lab: Lab) -> Report:
    """Time the reader in this process, and the page on every database."""
    from phones.services.number_reader.reader import read_paste

    lab.stand_in.set_latency(0)
    text = _tickets()
    reader = Variant("the reader", lambda: _milliseconds(lambda: read_paste(text)), lab.options.count(5))
    bare = Variant("one pass of a regular expression", lambda: _milliseconds(lambda: BARE.findall(text)), 20)
    pages = [_page(lab, site, text) for site in lab.sites()]
    series = interleave([reader, bare, *pages], lab.options.rounds)
    ours, theirs = series[reader.name], series[bare.name]
    memory = _peak_bytes(lambda: read_paste(text)) / _peak_bytes(lambda: BARE.findall(text))
    found = len(read_paste(text).candidates)
    return Report(
        rows=[Row(ours, theirs), Row(theirs), *(Row(series[page.name], ours) for page in pages)],
        goals=[
            Goal("find.read", "reader / regular expression, time", ours.median / theirs.median, TIME_LIMIT),
            Goal("find.memory", "reader / regular expression, memory", memory, MEMORY_LIMIT),
            *(
                Goal(f"find.{page.name}", page.name, series[page.name].median, 1500.0, "ms", is_asserted=False)
                for page in pages
            ),
        ],
        notes=[f"{len(text)} characters with {found} numbers"],
    )


def _tickets() -> str:
    """Return a text of invented tickets, some of whose numbers are the demo's."""
    from bench.rig.tickets import tickets

    numbers = [f"+34951{index:06d}" for index in range(100)]
    texts = (ticket.text for ticket in tickets(1, 2000, numbers, strangers=["+34612345678"]))
    return "\n".join(texts)[:LENGTH]


def _page(lab: Lab, site: Site, text: str) -> Variant:
    browser = site.member()
    path = site.list_path.removesuffix("phones/") + "find/"
    token = browser.page(path).field("csrfmiddlewaretoken")

    def ask() -> float:
        response = browser.post(path, {"csrfmiddlewaretoken": token, "text": text})
        if response.status != 200:
            raise RuntimeError(f"POST {path}: {response.status}")
        return response.took

    return Variant(f"{site.name}: the page", ask, lab.options.count(5), 1, site.server.cpu_seconds)


def _milliseconds(work: Callable[[], Any]) -> float:
    started_at = time.perf_counter()
    work()
    return (time.perf_counter() - started_at) * 1000


def _peak_bytes(work: Callable[[], Any]) -> int:
    tracemalloc.start()
    work()
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return peak
