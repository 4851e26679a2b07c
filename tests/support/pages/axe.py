"""What axe (WCAG 2.x A and AA, target size included) finds on a page: light, dark, contrast theme; desk and phone."""

import os
from typing import Any, Literal

from axe_playwright_python.base import AXE_SCRIPT
from playwright.sync_api import Page

Look = tuple[Literal["light", "dark", "forced"], int]
ALL_LOOKS: list[Look] = [
    ("light", 1440),
    ("dark", 380),
    ("forced", 1440),
    ("dark", 1440),
    ("light", 380),
    ("forced", 380),
]
# Where time is short, each scheme and each width once.
LOOKS = ALL_LOOKS[:3] if "QUICK" in os.environ else ALL_LOOKS
TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22a", "wcag22aa"]
# What a scheme can change is contrast alone, so the dark looks are asked for that; and a contrast theme, that what is
# shown in colours of our own there (`forced.css`) can be read.
CONTRAST = {"runOnly": {"type": "rule", "values": ["color-contrast"]}}
RULES: dict[str, dict[str, Any]] = {
    "light": {"runOnly": {"type": "tag", "values": TAGS}},
    "dark": CONTRAST,
    "forced": CONTRAST,
}
RUN = """async options => (await axe.run({...options, resultTypes: ["violations"]})).violations.flatMap(violation =>
    violation.nodes.map(node => `${violation.id}: ${node.target} ${node.failureSummary.split("\\n")[1]}`))"""
TRIM = """() => document.querySelectorAll("#phone-table tbody tr:nth-child(n+4):not([aria-selected], .is-editing)")
    .forEach(row => row.remove())"""


def violations(page: Page, *, with_all_rows: bool = False) -> list[str]:
    """Return what axe finds on the page as it stands, in each look; a few rows of the list stand for all."""
    found = []
    if not with_all_rows:
        page.evaluate(TRIM)
    page.evaluate(AXE_SCRIPT)
    for scheme, width in LOOKS:
        page.set_viewport_size({"width": width, "height": 900})
        if scheme == "forced":
            page.emulate_media(color_scheme="light", forced_colors="active")
        else:
            page.emulate_media(color_scheme=scheme, forced_colors="none")
        found += [f"{scheme} {width} {text}" for text in page.evaluate(RUN, RULES[scheme])]
    page.emulate_media(forced_colors="none")
    page.set_viewport_size({"width": 1440, "height": 900})
    return found
