"""A browser with htmx, without the browser: what our attributes and headers ask for, applied to a parsed page.

It knows the part of htmx 2 that the templates use, and raises `NotImplementedError` for the rest, so that a new
attribute is not silently left untested. It adds what `desk.js` does with rows that come along with an answer.
"""

import copy
import json
import re
from typing import cast

from django.test import Client
from lxml import html
from lxml.html import HtmlElement

from tests.support.pages.pages import Answer, find, has, values_of

KNOWN_ATTRIBUTES = {
    "get",
    "post",
    "target",
    "swap",
    "trigger",
    "sync",
    "push-url",
    "include",
    "params",
    "headers",
    "disabled-elt",
    "disinherit",
}
INHERITED = {"target", "swap", "push-url", "include", "params", "headers"}
KNOWN_HEADERS = {"HX-Push-Url", "HX-Trigger", "HX-Redirect", "HX-Retarget", "HX-Reswap"}
SWAPS = {"outerHTML", "innerHTML"}
# How a swap scrolls, which a tree does not show.
SILENT_MODIFIERS = {"show:none"}


class Browser:
    """A window on one page. `url` is what the address bar shows; `events` are the events that answers fired."""

    def __init__(self, client: Client) -> None:
        self.client = client
        self.url = ""
        self.events: list[str] = []
        self.tree = html.document_fromstring("<html><body></body></html>")

    def open(self, url: str) -> "Browser":
        """Go to an address, as a link without htmx does, and do what waits for the page to load."""
        answer = self.client.get(url)
        assert answer.status_code == 200, f"{answer.status_code} for {url}"
        self.url = url
        self.tree = html.document_fromstring(answer.content.decode())
        refuse_unknown(self.tree)
        self._load(self.tree)
        return self

    def reloaded(self) -> "Browser":
        """Return another window on what the address bar shows."""
        return Browser(self.client).open(self.url)

    def element(self, path: str) -> HtmlElement:
        """Return the only element on an XPath."""
        found = cast(list[HtmlElement], self.tree.xpath(path))
        assert len(found) == 1, f"{len(found)} elements on {path}"
        return found[0]

    def click(self, element: HtmlElement) -> Answer:
        """Follow a link with `hx-get`."""
        assert element.get("href"), "Without htmx this leads nowhere"
        return self.fire(element)

    def submit(self, form: HtmlElement, **typed: str | None) -> Answer:
        """Send a form with what was typed; None leaves a field out, as an unticked box is."""
        assert form.get("action") is not None, "Without htmx this goes nowhere"
        values = values_of(form, has_scripts=True) | typed
        return self._ask(form, {name: value for name, value in values.items() if value is not None})

    def fire(self, element: HtmlElement) -> Answer:
        """Let an element ask, as when what it waits for happens."""
        return self._ask(element, {})

    def _ask(self, element: HtmlElement, values: dict[str, str]) -> Answer:
        """Send what an element's attributes say, and swap the answer in."""
        method = "post" if element.get("hx-post") is not None else "get"
        url = element.get(f"hx-{method}")
        if not url:
            raise NotImplementedError("The element asks for nothing")
        target = self._target(element, inherited(element, "target"))
        values = self._included(element) | values
        headers = json.loads(inherited(element, "headers") or "{}") | {
            "HX-Request": "true",
            "HX-Current-URL": f"http://testserver{self.url}",
            **({"HX-Target": target.get("id")} if target.get("id") else {}),
            **({"HX-Trigger": element.get("id")} if element.get("id") else {}),
        }
        answer: Answer = getattr(self.client, method)(url, values, headers=headers)
        pushed = inherited(element, "push-url")
        self._apply(element, target, answer)
        self._push(pushed, answer)
        return answer

    def _target(self, element: HtmlElement, selector: str | None) -> HtmlElement:
        if selector in (None, "this"):
            return element
        if selector is None or not re.fullmatch(r"#[\w-]+", selector):
            raise NotImplementedError(f"hx-target={selector!r}")
        return find(self.tree, selector[1:])

    def _included(self, element: HtmlElement) -> dict[str, str]:
        include = inherited(element, "include")
        if include is None:
            return {}
        if include == "closest form":
            (form,) = element.xpath("ancestor::form[1]")
            values = values_of(form, has_scripts=True)
        elif re.fullmatch(r"#[\w-]+", include):
            chosen = find(self.tree, include[1:])
            box = html.fragment_fromstring("<form></form>")
            box.append(copy.deepcopy(chosen))
            values = values_of(box, has_scripts=True)
        else:
            raise NotImplementedError(f"hx-include={include!r}")
        return _allowed(values, inherited(element, "params"))

    def _apply(self, element: HtmlElement, target: HtmlElement, answer: Answer) -> None:
        if unknown := {name for name in answer.headers if name.startswith("HX-")} - KNOWN_HEADERS:
            raise NotImplementedError(f"Headers {sorted(unknown)}")
        if fired := answer.get("HX-Trigger"):
            self.events += json.loads(fired) if fired.startswith("{") else [fired]
        if redirect := answer.get("HX-Redirect"):
            self.open(redirect)
            return
        if answer.status_code == 204:
            return
        if 300 <= answer.status_code < 400:
            raise NotImplementedError("XMLHttpRequest follows redirects by itself: answer with a fragment")
        if retarget := answer.get("HX-Retarget"):
            target = self._target(element, retarget)
        how = answer.get("HX-Reswap") or inherited(element, "swap") or "innerHTML"
        fresh = self._swap(target, how, answer.content.decode())
        for root in fresh:
            refuse_unknown(root)
            self._settle_rows(root)
        for root in fresh:
            self._load(root)

    def _swap(self, target: HtmlElement, how: str, text: str) -> list[HtmlElement]:
        """Put a fragment where it belongs; return its elements, which now stand in the page."""
        style, *modifiers = how.split()
        if style not in SWAPS or not SILENT_MODIFIERS.issuperset(modifiers):
            raise NotImplementedError(f"hx-swap={how!r}")
        nodes = html.fragments_fromstring(text)
        words = [node for node in nodes if isinstance(node, str) and node.strip()]
        if words or any(node.tail and node.tail.strip() for node in nodes if not isinstance(node, str)):
            raise NotImplementedError("A fragment with text beside its elements")
        elements = [node for node in nodes if not isinstance(node, str)]
        if any(element.xpath("descendant-or-self::*[@hx-swap-oob or @hx-select-oob]") for element in elements):
            raise NotImplementedError("hx-swap-oob")
        if style == "innerHTML":
            for child in list(target):
                target.remove(child)
            target.text = None
            target.extend(elements)
        else:
            if len(elements) != 1 or elements[0].get("id") != target.get("id"):
                raise NotImplementedError("A fragment has one root, with the id of what it replaces")
            _replace(target, elements[0])
        return elements

    def _settle_rows(self, root: HtmlElement) -> None:
        """Do what `desk.js` does: `template[data-row]` replaces the row of that id, unless it is being edited."""
        for template in root.xpath(".//template[@data-row]"):
            (row,) = template
            element_id = template.get("data-row")
            assert row.get("id") == element_id
            template.drop_tree()
            if has(self.tree, element_id) and "is-editing" not in (find(self.tree, element_id).get("class") or ""):
                _replace(find(self.tree, element_id), row)

    def _load(self, root: HtmlElement) -> None:
        """Let the elements ask that do so when they appear."""
        for element in root.xpath("descendant-or-self::*[@hx-trigger='load']"):
            self.fire(element)

    def _push(self, asked_for: str | None, answer: Answer) -> None:
        """Keep the address bar: the header wins over the attribute. An error that is swapped moves it as well."""
        pushed = answer.get("HX-Push-Url") or asked_for
        if pushed in (None, "false") or answer.status_code == 204:
            return
        query = answer.wsgi_request.META["QUERY_STRING"]
        asked = answer.wsgi_request.path + (f"?{query}" if query else "")
        self.url = asked if pushed == "true" else str(pushed)


def inherited(element: HtmlElement, name: str) -> str | None:
    """Return the value of an `hx-` attribute, from the element or from the nearest ancestor that has or stops it.

    `hx-headers` are not stopped by `hx-disinherit`.
    """
    own: str | None = element.get(f"hx-{name}")
    if own is not None or name not in INHERITED:
        return own
    for ancestor in element.iterancestors():
        stopped = (ancestor.get("hx-disinherit") or "").split()
        if {"*", f"hx-{name}"} & set(stopped) and name != "headers":
            return None
        value: str | None = ancestor.get(f"hx-{name}")
        if value == "this":
            raise NotImplementedError(f"An inherited hx-{name}='this'")
        if value is not None:
            return value
    return None


def refuse_unknown(root: HtmlElement) -> None:
    """Refuse a tree with htmx attributes that this browser does not know."""
    for name in root.xpath("descendant-or-self::*/@*[starts-with(name(), 'hx-')]"):
        if name.attrname.removeprefix("hx-") not in KNOWN_ATTRIBUTES:
            raise NotImplementedError(name.attrname)


def _allowed(values: dict[str, str], params: str | None) -> dict[str, str]:
    if params is None:
        return values
    if not params.startswith("not "):
        raise NotImplementedError(f"hx-params={params!r}")
    left_out = {name.strip() for name in params.removeprefix("not ").split(",")}
    return {name: value for name, value in values.items() if name not in left_out}


def _replace(old: HtmlElement, new: HtmlElement) -> None:
    parent = old.getparent()
    assert parent is not None
    new.tail = old.tail
    parent.replace(old, new)


# What differs from one rendering to the next although it means the same.
# What is of the moment by design: the focus mark, and the server's clock.
PASSING = {"data-focus", "data-now"}
MOMENTARY = {"data-result", "data-announce", "data-passing"}
VARYING_FIELDS = {"csrfmiddlewaretoken", "form_token", "opened"}
MOMENT = re.compile(
    r"\d{4}-\d\d-\d\dT[\d:]+\+00:00|\d{4}-\d\d-\d\d \d\d:\d\d:\d\d \w+"
    r"|\d\d:\d\d:\d\d|(just )?now|\d+ (min|minutes? ago)"
)
TOKEN = re.compile(r'"X-CSRFToken": "\w+"')


def outline(element: HtmlElement, depth: int = 0) -> list[str]:
    """Return a tree as lines to compare: tags, attributes and texts, without what varies by design.

    What only browsers without scripts read is left out, as an answer to a script has none of it. What an answer adds
    for the moment of its swap is left out too: the card that says what became of a save, an
    announcement, and the mark of where the focus goes.
    """
    attributes = {name: _steady(value) for name, value in sorted(element.attrib.items()) if name not in PASSING}
    if attributes.get("name") in VARYING_FIELDS:
        attributes["value"] = "…"
    children = [child for child in element if _is_compared(child)]
    texts = [element.text or "", *(child.tail or "" for child in element)]
    line = f"{'  ' * depth}{element.tag} {attributes} {_steady(' '.join(texts))}"
    return [line, *(deeper for child in children for deeper in outline(child, depth + 1))]


def _is_compared(element: HtmlElement) -> bool:
    return isinstance(element.tag, str) and element.tag != "noscript" and not MOMENTARY & set(element.attrib)


def _steady(text: str) -> str:
    # The token first: its letters may happen to say "now".
    return " ".join(MOMENT.sub("…", TOKEN.sub("", text)).split())
