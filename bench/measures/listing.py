"""The list of phones: every filter, pair of filters, order and search, beside its plain page and Django's admin."""

from itertools import combinations

from bench.lab.browser import Browser, follow
from bench.lab.sites import Lab, Site
from bench.measuring import Goal, Report, Row, Series, Variant, interleave

TITLE = "List of phones, signed in, 50 rows a page"
ADMIN_LIMIT, PLAIN_LIMIT = 0.25, 1.3
# Typical searches: a number, with few matches; a place, with many; and two ways to find nothing.
SEARCHES = {"few hits": "q=951+20+18", "many hits": "q=recepcion+m", "no hits": "q=zzzzq", "two letters": "q=zq"}
SEARCH_LIMIT = 0.12
LARGE = 50_000
SORTS = ("nickname", "status", "inbound", "outbound", "provider", "assigned", "age")
FILTERS = (
    "status=assigned",
    "status=released",
    "provider=netelip",
    "inbound={agent}",
    "outbound=none",
    "health=lanes_differ",
    "health=same_alias",
    "release=30",
    "assigned_from=2025-01-01",
)


def run(lab: Lab) -> Report:
    """Time pages of the list on every database."""
    report = Report()
    lab.stand_in.set_latency(0)
    for site in lab.sites():
        _measure(lab, site, report)
    report.notes.append(
        "All from one server process, over HTTP. Admin lists the same columns, with agents as bare ids. Of filters, "
        "pairs of filters and orders the slowest is judged."
    )
    return report


def _measure(lab: Lab, site: Site, report: Report) -> None:
    browser, admin = site.member(), site.superuser()
    count = lab.options.count
    filters = [each.format(agent=site.agent_id) for each in FILTERS]
    groups = {
        "filter": filters,
        "pair of filters": ["&".join(pair) for pair in combinations(filters, 2) if not _are_one(*pair)],
        "order": [f"sort={way}{code}" for code in SORTS for way in ("", "-")],
        "end of an order": [f"sort={code}&before=end" for code in SORTS],
    }
    pages = {"page 1": "", "deep page": _deep(browser, site.list_path), "last page": "before=end", **SEARCHES}

    def variant(name: str, who: Browser, path: str, samples: int) -> Variant:
        return Variant(f"{site.name}: {name}", lambda: who.page(path).took, samples, 1, site.server.cpu_seconds)

    series = interleave(
        [
            *(variant(name, browser, f"{site.list_path}?{query}", count(15)) for name, query in pages.items()),
            *(variant(q, browser, f"{site.list_path}?{q}", count(5)) for queries in groups.values() for q in queries),
            variant("admin, 100 rows", admin, "/bench/admin/phones/phone/", count(12)),
            variant("admin, 50 rows", admin, "/bench/fifty/phones/phone/", count(12)),
            *(variant(f"admin, {name}", admin, f"/bench/fifty/phones/phone/?{q}", 5) for name, q in SEARCHES.items()),
        ],
        lab.options.rounds,
    )
    of = {name.removeprefix(f"{site.name}: "): each for name, each in series.items()}
    first = of["page 1"]
    report.rows += [
        Row(of[name], first) for name in ("deep page", "last page", *(q for g in groups.values() for q in g))
    ]
    report.rows += [Row(of[f"admin, {name}"], first) for name in ("100 rows", "50 rows")]
    report.rows += [Row(of[name], of[f"admin, {name}"]) for name in SEARCHES]
    report.goals += _against_admin(site.name, first, of["admin, 100 rows"], of["admin, 50 rows"])
    for name in ("deep page", "last page"):
        report.goals.append(_against_plain(site.name, name, of[name], first, 1.1))
    for name, queries in groups.items():
        slowest = max((of[query] for query in queries), key=lambda each: each.median)
        report.goals.append(_against_plain(site.name, f"slowest {name}", slowest, first, PLAIN_LIMIT))
    # Without an index, a search of few rows is quick too.
    is_large = site.phone_count >= LARGE
    for name in SEARCHES:
        key, text = f"list.{site.name}.{name.replace(' ', '_')}.admin", f"{site.name}: {name} / admin's"
        ratio = of[name].median / of[f"admin, {name}"].median
        report.goals.append(Goal(key, text, ratio, SEARCH_LIMIT, is_asserted=is_large))
    report.goals.append(Goal(f"list.{site.name}.p50", f"{site.name}: page 1, p50", first.median, 10.0, "ms"))
    report.goals.append(Goal(f"list.{site.name}.p99", f"{site.name}: page 1, p99", first.percentile(0.99), 30.0, "ms"))
    report.notes.append(f"{site.name}: {site.phone_count} phones, first synced in {site.sync_seconds:.1f} s")


def _are_one(one: str, other: str) -> bool:
    """Say whether two filters are values of the same one, of which an address holds one."""
    return one.partition("=")[0] == other.partition("=")[0]


def _against_plain(database: str, name: str, series: Series, first: Series, limit: float) -> Goal:
    key = f"list.{database}.{name.replace(' ', '_')}"
    return Goal(key, f"{database}: {name} / page 1", series.median / first.median, limit)


def _against_admin(name: str, first: Series, whole: Series, fifty: Series) -> list[Goal]:
    return [
        Goal(
            f"list.{name}.admin", f"{name}: page 1 / admin's page as it comes", first.median / whole.median, ADMIN_LIMIT
        ),
        Goal(
            f"list.{name}.admin_50",
            f"{name}: page 1 / admin with 50 rows",
            first.median / fifty.median,
            ADMIN_LIMIT,
            is_asserted=False,
        ),
        Goal(
            f"list.{name}.admin_row",
            f"{name}: per row / admin's per row",
            (first.median / 50) / (whole.median / 100),
            ADMIN_LIMIT,
            is_asserted=False,
        ),
    ]


def _deep(browser: Browser, list_path: str) -> str:
    """Page back from the last page and forth again, and return the query of that page."""
    path = f"{list_path}?before=end"
    for relation in ("prev", "prev", "next"):
        path = follow(browser.page(path), path, relation)
    return path.partition("?")[2]
