"""The list of phones compared with strings put together by hand, and with Django's admin, on the same table."""

import html
import re

from bench.lab.browser import Browser, follow
from bench.lab.sites import Lab, Site
from bench.measuring import Goal, Report, Row, Series, Variant, interleave

TITLE = "List of phones, signed in, 50 rows a page"
FLOOR_LIMIT, ADMIN_LIMIT = 3.0, 0.25
# Typical searches: a number, with few matches; a place, with many; and a typing error.
SEARCHES = {"few hits": "q=951+20+18", "many hits": "q=recepcion+m", "no hits": "q=zzzzq"}
SEARCH_LIMIT = 0.12
LARGE = 50_000
SORTS = ("nickname", "status", "inbound", "outbound", "provider", "assigned")


def run(lab: Lab) -> Report:
    """Time pages of the list on every database."""
    report = Report()
    lab.stand_in.set_latency(0)
    for site in lab.sites():
        _measure(lab, site, report)
    report.notes.append(
        "All from one server process, over HTTP. The floor has the same sign-in, middleware, queries, columns and row "
        "markup, and nothing around the table; admin lists the same columns, with agents as bare ids."
    )
    return report


def _measure(lab: Lab, site: Site, report: Report) -> None:
    browser, admin = site.member(), site.superuser()
    options = lab.options
    pages = {
        "page 1": "",
        "deep page": f"?{_deep(browser, site.list_path)}",
        "last page": "?before=end",
        "filtered": f"?status=assigned&inbound={site.agent_id}",
        **{f"last by {code}": f"?sort={code}&before=end" for code in SORTS},
        **{name: f"?{query}" for name, query in SEARCHES.items()},
    }
    variants, markup = [], []

    def variant(name: str, who: Browser, path: str, count: int) -> Variant:
        return Variant(
            f"{site.name}: {name}", lambda: who.page(path).took, options.count(count), 1, site.server.cpu_seconds
        )

    for name, query in pages.items():
        markup.append(_compare(browser, site, query))
        variants += [
            variant(name, browser, site.list_path + query, 15),
            variant(f"floor, {name}", browser, site.floor_path + query, 15),
        ]
    variants += [
        variant("admin, 100 rows", admin, "/bench/admin/phones/phone/", 12),
        variant("admin, 50 rows", admin, "/bench/fifty/phones/phone/", 12),
        *(variant(f"admin, {name}", admin, f"/bench/fifty/phones/phone/?{q}", 5) for name, q in SEARCHES.items()),
    ]
    series = interleave(variants, options.rounds)
    for name in pages:
        page, floor = series[f"{site.name}: {name}"], series[f"{site.name}: floor, {name}"]
        report.rows += [Row(page, floor), Row(floor)]
        key = f"list.{site.name}.{name.replace(' ', '_')}"
        report.goals.append(
            Goal(f"{key}.floor", f"{site.name}: {name} / floor", page.median / floor.median, FLOOR_LIMIT)
        )
    for name in SEARCHES:
        page, theirs = series[f"{site.name}: {name}"], series[f"{site.name}: admin, {name}"]
        report.rows.append(Row(theirs, page))
        key = f"list.{site.name}.{name.replace(' ', '_')}.admin"
        # Without an index, a search of few rows is quick too.
        is_large = site.phone_count >= LARGE
        text = f"{site.name}: {name} / admin's"
        report.goals.append(Goal(key, text, page.median / theirs.median, SEARCH_LIMIT, is_asserted=is_large))
    whole, fifty = f"{site.name}: admin, 100 rows", f"{site.name}: admin, 50 rows"
    first = series[f"{site.name}: page 1"]
    report.rows += [Row(series[name], first) for name in (whole, fifty)]
    report.goals += _against_admin(site.name, first, series[whole], series[fifty])
    deep = series[f"{site.name}: deep page"]
    report.goals.append(
        Goal(f"list.{site.name}.deep", f"{site.name}: deep page / page 1", deep.median / first.median, 1.1)
    )
    report.goals.append(Goal(f"list.{site.name}.p50", f"{site.name}: page 1, p50", first.median, 10.0, "ms"))
    report.goals.append(Goal(f"list.{site.name}.p99", f"{site.name}: page 1, p99", first.percentile(0.99), 30.0, "ms"))
    report.notes += [f"{site.name}: {text}" for text in markup if text]
    report.notes.append(f"{site.name}: {site.phone_count} phones, first synced in {site.sync_seconds:.1f} s")


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


def _rows(text: str) -> list[str]:
    rows = re.findall(r"<tr id=.*?</tr>", text, re.S)
    return [re.sub(r">\s+<", "><", re.sub(r"\s+", " ", html.unescape(row))) for row in rows]


def _compare(browser: Browser, site: Site, query: str) -> str:
    """Return where the floor's markup differs from the list's, "" if it doesn't."""
    ours, floor = (_rows(browser.page(path + query).text) for path in (site.list_path, site.floor_path))
    for number, (one, other) in enumerate(zip(ours, floor, strict=False)):
        if one != other:
            at = next((i for i, pair in enumerate(zip(one, other, strict=False)) if pair[0] != pair[1]), 0)
            near = slice(max(0, at - 40), at + 60)
            return f"FLOOR OUT OF DATE, row {number}: {one[near]!r} is {other[near]!r}"
    return "" if len(ours) == len(floor) else f"FLOOR OUT OF DATE: {len(ours)} rows are {len(floor)}"
