"""A number opened in the drawer: its weight and time with 200 agents of 8 versions, against those that Diga lists."""

import html
import re

from bench.lab.processes import run as run_python
from bench.lab.sites import Lab, Site
from bench.measuring import Goal, Report, Row, Series

TITLE = "A number opened, with few and with 200 agents"
AGENT_COUNT, VERSION_COUNT = 200, 8
KILOBYTES, RATIO = 15.0, 1.3
WARM_UP = 8
HTMX = {"HX_Request": "true", "HX_Target": "drawer"}


def run(lab: Lab) -> Report:
    """Open the first number of the list on every database."""
    report = Report()
    lab.stand_in.set_latency(0)
    for site in lab.sites():
        _measure(lab, site, report)
    return report


def _measure(lab: Lab, site: Site, report: Report) -> None:
    browser = site.member()
    links = re.findall(rf'href="({site.list_path}[0-9a-f-]{{36}}/)', browser.page(site.list_path).text)
    path = html.unescape(links[0])

    few, many = (Series(f"{site.name}: opened, {name}") for name in ("few agents", f"{AGENT_COUNT} agents"))
    weight = 0.0
    for number in range(lab.options.rounds):
        states = ((few, 0), (many, AGENT_COUNT))
        for series, count in states if number % 2 else reversed(states):
            _give_agents(lab, site, count)
            # Every process of the server reads the agents anew.
            pages = [browser.page(path, **HTMX) for _ in range(WARM_UP + lab.options.count(30))]
            series.rounds.append([page.took for page in pages[WARM_UP:]])
            weight = max(weight, len(pages[-1].body) / 1000)
    _give_agents(lab, site, 0)
    report.rows += [Row(many, few), Row(few)]
    key = f"opening.{site.name}"
    report.goals += [
        Goal(f"{key}.ratio", f"{site.name}: {AGENT_COUNT} agents / few", many.median / few.median, RATIO),
        Goal(f"{key}.weight", f"{site.name}: the drawer with {AGENT_COUNT} agents", weight, KILOBYTES, "kB"),
    ]


def _give_agents(lab: Lab, site: Site, count: int) -> None:
    arguments = ["-m", "bench.once.agents", str(count), str(VERSION_COUNT)]
    run_python(arguments, site.env, lab.folder / f"agents-{site.name}.log")
