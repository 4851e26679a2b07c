"""Answers without their texts, to be compared with one another."""

import re

from lxml.html import HtmlElement

from tests.support.pages.pages import Answer, read

# Attributes that show a text to people; all others have to be equal in both runs.
SHOWN = {"title", "value", "aria-label", "placeholder", "label", "content", "hx-headers"} | {
    "data-agent",
    "data-copy",
    "data-kept-agent",
    "data-kept-label",
    "data-label",
    "data-name",
    "data-now",
    "data-title",
}
VARYING = re.compile(r"(?<=/changes/)\d+(-\w+)?|(?<=/sync/)\d+|(?<=before=)\d+|(?<=change=)\d+")


def skeleton(response: Answer) -> list[str]:
    """Return the elements of an answer with their attributes, as lines; texts only where the browser acts on them."""
    return [f"{response.status_code}", *bones(read(response), 0)]


def bones(element: HtmlElement, depth: int) -> list[str]:
    """Return an element, which is so deep in a page, and those in it."""
    attributes = {
        name: "…" if name in SHOWN or _is_token(element, name) else VARYING.sub("N", value)
        for name, value in sorted(element.attrib.items())
    }
    children = [bone for child in element for bone in bones(child, depth + 1)]
    return [f"{'  ' * depth}{element.tag} {attributes}", *children]


def _is_token(element: HtmlElement, name: str) -> bool:
    return element.tag == "time" and name == "datetime"
