"""Pages as a person reads them, and forms as a browser without JavaScript sends them."""

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, cast
from uuid import UUID

from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse
from lxml import html
from lxml.html import HtmlElement

from phones.diga.sandbox import Fault, Sandbox
from phones.models import Phone
from tests.fixtures.desk import PASSWORD

if TYPE_CHECKING:
    from django.test.client import _MonkeyPatchedWSGIResponse

    Answer = _MonkeyPatchedWSGIResponse
else:
    from django.http import HttpResponse as Answer

FOR_DRAWER = {"HX-Request": "true", "HX-Target": "drawer"}
FOR_TABLE = {"HX-Request": "true", "HX-Target": "phone-table"}
FOR_NOTHING_KNOWN = {"HX-Request": "true", "HX-Target": "main"}


def read(response: Answer) -> HtmlElement:
    """Return the document, or the only element of a fragment."""
    text = response.content.decode(response.charset)
    if "<html" in text:
        return html.document_fromstring(text)
    return html.fragment_fromstring(text.strip())


def find(tree: HtmlElement, element_id: str) -> HtmlElement:
    """Return the element with this id, the only one."""
    found = tree.xpath("descendant-or-self::*[@id=$id]", id=element_id)
    assert len(found) == 1, f"{len(found)} elements have the id {element_id}"
    return cast(HtmlElement, found[0])


def has(tree: HtmlElement, element_id: str) -> bool:
    """Say whether an element has this id."""
    return bool(tree.xpath("descendant-or-self::*[@id=$id]", id=element_id))


def words(element: HtmlElement) -> str:
    """Return the text of an element with single blanks."""
    return " ".join(element.text_content().split())


def texts(tree: HtmlElement, path: str) -> list[str]:
    """Return the texts of the elements on an XPath, with single blanks."""
    return [words(element) for element in tree.xpath(path)]


def values_of(form: HtmlElement, *, has_scripts: bool = False) -> dict[str, str]:
    """Return what a browser sends of a form that nobody has touched. Without scripts, `noscript` counts."""
    values: dict[str, str] = {}
    for field in form.xpath(".//input | .//select"):
        name = field.get("name")
        if not name or field.get("disabled") is not None or (has_scripts and field.xpath("ancestor::noscript")):
            continue
        if field.tag == "select":
            chosen = field.xpath(".//option[@selected]")[-1:] or field.xpath(".//option")[:1]
            if chosen:
                values[name] = chosen[0].get("value") or ""
        elif field.get("type") not in {"checkbox", "radio"}:
            values[name] = field.get("value") or ""
        elif field.get("checked") is not None:
            values[name] = field.get("value") or "on"
    return values


def sign_in(client: Client, person: User) -> Client:
    """Sign in by the form, after which pages that want the password again are open for a while."""
    token = read(client.get("/account/login/")).xpath("//input[@name='csrfmiddlewaretoken']/@value")[0]
    typed = {"login": person.username, "password": PASSWORD, "csrfmiddlewaretoken": token}
    assert client.post("/account/login/", typed).status_code == 302
    return client


def url_of(name: str, phone: Phone, query: str = "") -> str:
    """Return the address of a view of one phone."""
    return reverse(name, args=[phone.project.slug, phone.pk]) + query


@dataclass
class OpenForm:
    """A form that a person has before them, with what its fields hold."""

    client: Client
    url: str
    values: dict[str, str]

    def send(self, *, headers: dict[str, str] | None = None, **typed: str | None) -> Answer:
        """Send it with what was typed; None leaves a field out, as an unticked box is."""
        values = {name: value for name, value in (self.values | typed).items() if value is not None}
        return self.client.post(self.url, values, headers=headers)


def open_phone(client: Client, phone: Phone, query: str = "", *, has_scripts: bool = True) -> OpenForm:
    """Open a phone's page and return its edit form."""
    response = client.get(url_of("phone_edit", phone, query))
    assert response.status_code == 200
    return form_in(client, response, has_scripts=has_scripts)


def form_in(client: Client, response: Answer, *, has_scripts: bool = True) -> OpenForm:
    """Return the edit form that an answer shows."""
    form = find(read(response), "phone-form")
    return OpenForm(client, form.get("action") or "", values_of(form, has_scripts=has_scripts))


def open_rename(client: Client, phone: Phone, query: str = "") -> OpenForm:
    """Open the page that renames a phone and return its form."""
    (form,) = read(client.get(url_of("phone_rename", phone, query))).xpath("//main//form")
    return OpenForm(client, form.get("action") or "", values_of(form))


def result_of(response: Answer) -> str:
    """Return what the answer says became of a save, "" if nothing; without what can be done about it."""
    tree = read(response)
    for button in tree.xpath("descendant-or-self::*[@data-result]//*[contains(@class, 'btn')]"):
        button.drop_tree()
    return " ".join(texts(tree, "descendant-or-self::*[@data-result]"))


def version_of(sandbox: Sandbox, agent: str, number: int) -> UUID:
    """Return the id of a saved version of one of Aurora's agents."""
    return sandbox.projects["aurora"].agent(agent).version(number).id


def plan(sandbox: Sandbox, *faults: Fault) -> None:
    """Let the stand-in make these faults; the objects themselves are not used up."""
    for fault in faults:
        sandbox.faults.add(replace(fault))


def diga_fields(**narrowed: object) -> list[dict[str, Any]]:
    """Return Diga's fields of every phone, as our tables have them."""
    ours = ("note", "fetched_at", "missing_since", "refused_at", "refused_status", "refused_message")
    names = [field.attname for field in Phone._meta.concrete_fields if field.name not in ours]
    return list(Phone.objects.filter(**narrowed).order_by("pk").values(*names))


def form_of(client: Client, response: Answer) -> OpenForm:
    """Return the form of the page."""
    (form,) = read(response).xpath("//main//form[@method='post']")
    return OpenForm(client, form.get("action"), values_of(form))
