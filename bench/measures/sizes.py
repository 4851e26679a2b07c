"""P18: the weight of the list's first page, and of everything else a browser loads for it."""

import gzip
import re
from urllib.parse import urljoin, urlsplit

from bench.lab.browser import Browser
from bench.lab.sites import Lab
from bench.measuring import Goal, Report

TITLE = "P18 Size of the list's first page"


def run(lab: Lab) -> Report:
    """Weigh the page, its style sheets and scripts, and count requests to other hosts."""
    site = lab.site("sqlite")
    if site is None:
        raise RuntimeError("SQLite is always there")
    browser = site.member()
    page = browser.page(site.list_path)
    styles = re.findall(r'<link\b[^>]*rel="stylesheet"[^>]*href="([^"]+)"', page.text)
    scripts = re.findall(r'<script\b[^>]*src="([^"]+)"', page.text)
    fetched = [*styles, *scripts, *re.findall(r'<(?:link|img|use|iframe)\b[^>]*(?:href|src)="([^"#]+)', page.text)]
    sheets = {path: browser.page(path).text for path in styles}
    for path, text in sheets.items():
        fetched += [urljoin(path, address.strip("'\"")) for address in re.findall(r"url\(([^)]+)\)", text)]
    external = {path for path in fetched if urlsplit(path).scheme in ("http", "https") or path.startswith("//")}
    raw, small = len(page.body) / 1000, len(gzip.compress(page.body, 6)) / 1000
    css, js = (sum(_gzipped(browser, path) for path in paths) / 1000 for paths in (styles, scripts))
    fragment = browser.page(site.list_path, HX_Request="true", HX_Target="phone-table")
    return Report(
        goals=[
            Goal("P18.html", "page", raw, 30.0, "kB"),
            Goal("P18.html_gz", "page, gzipped", small, 6.0, "kB"),
            Goal("P18.css", f"{len(styles)} style sheets, gzipped", css, 85.0, "kB"),
            Goal("P18.js", f"{len(scripts)} scripts, gzipped", js, 60.0, "kB"),
        ],
        notes=[
            f"Fetched from other hosts: {', '.join(sorted(external)) or 'nothing'}",
            f"The table alone, as htmx fetches it: {len(fragment.body) / 1000:.1f} kB, "
            f"{len(gzip.compress(fragment.body, 6)) / 1000:.1f} kB gzipped; one row {_row_size(page.text)} bytes",
        ],
    )


def _row_size(text: str) -> int:
    rows = re.findall(r"<tr id=.*?</tr>", text, re.S)
    return sum(len(row.encode()) for row in rows) // max(1, len(rows))


def _gzipped(browser: Browser, path: str) -> int:
    return len(browser.page(path, Accept_Encoding="gzip").body)
