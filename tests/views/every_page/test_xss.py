"""Whatever Diga or a person says stays text: the pages have the same elements and attributes as with plain words."""

import re
from collections.abc import Callable
from uuid import uuid4

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone
from django.utils.html import escape
from lxml import html
from lxml.html import HtmlElement

from phones.diga.sandbox import Fault, Sandbox
from phones.models import Change, LaneSnapshot, Outcome, Phone, Project, Source, SyncRun
from phones.services.sync import passes
from tests.support.database.history import add_changes
from tests.support.database.tampering import alter, forget
from tests.support.desk.saving import patches
from tests.support.pages.hostile import HOSTILE, harmless
from tests.support.pages.pages import (
    FOR_DRAWER,
    FOR_TABLE,
    Answer,
    open_phone,
    open_rename,
    plan,
    read,
    url_of,
    version_of,
)
from tests.support.pages.skeletons import bones, skeleton

ClientOf = Callable[[User], Client]
LIST = "/projects/aurora/phones/"


class Stage:
    """Aurora with a text in every place that Diga or a person can write."""

    def __init__(self, sandbox: Sandbox, aurora: Project, person: User) -> None:
        self.sandbox, self.aurora, self.person = sandbox, aurora, person
        self.phones = list(Phone.objects.order_by("number", "id"))
        self.numbers = {phone.id: phone.number for phone in sandbox.phones}
        self.names = {agent.id: agent.name for agent in sandbox.agents.values()}
        self.change = add_changes(self.phones[0], 1, outcome=Outcome.REFUSED, cause="rejected", http_status=400)[0]

    def dress(self, texts: list[str]) -> None:
        """Put the texts everywhere, and sync. What decides about the order stays in front."""
        for index, phone in enumerate(self.phones):
            row = self.sandbox.phones[phone.pk]
            # Each its own: numbers that share a nickname are counted.
            row.nickname = f"{index} {texts[index % len(texts)]}"
            row.number = f"+000 {self.numbers[phone.pk]} {texts[(index + 7) % len(texts)]}"
        for index, agent in enumerate(self.sandbox.agents.values()):
            agent.name = f"{self.names[agent.id]} {texts[(index * 5) % len(texts)]}"
            for version in agent.versions:
                version.name = texts[(index * 5 + version.number) % len(texts)]
        SyncRun.objects.all().delete()
        run = passes.sync_project(project=self.aurora, clock=timezone.now)
        assert run.is_complete
        # What these syncs found different differs by what was there before.
        forget(Change.objects.filter(source=Source.OUTSIDE))
        Project.objects.filter(pk=self.aurora.pk).update(name=texts[0][:80])
        self.person.first_name = texts[2]
        self.person.save()

    def speak(self, text: str) -> None:
        """Put a text into every part of an entry of the diary."""
        lane = LaneSnapshot(self.phones[0].pk, text, None, 1)
        alter(
            Change.objects.filter(pk=self.change.pk),
            number=f"+34 {text}",
            actor_name=text,
            reason=text,
            ticket=text,
            message=text,
            before={"nickname": text, "inbound": lane},
            after={"nickname": text, "inbound": None},
            stored={"nickname": text, "inbound": lane},
        )


@pytest.fixture
def stage(sandbox: Sandbox, aurora: Project, admin: User) -> Stage:
    """The stage, with an administrator, who sees most."""
    return Stage(sandbox, aurora, admin)


@pytest.fixture
def client(client_of: ClientOf, admin: User) -> Client:
    """The browser of the administrator."""
    return client_of(admin)


def assert_all_are_text(texts: list[str], shape_of: Callable[[str], list[object]]) -> None:
    """Each text gives what plain words give or, where its blanks or its length matter, what its harmless twin gives."""
    plain = shape_of("plain words")
    for text in texts:
        shape = shape_of(text)
        assert shape == plain or shape == shape_of(harmless(text)), text


def _pages(client: Client, stage: Stage) -> dict[str, Answer]:
    """Return what every page and fragment that shows what Diga says looks like."""
    agents = [agent.id for agent in stage.sandbox.agents.values()]
    urls = [
        LIST,
        *(f"{LIST}?inbound={agent_id}&outbound={agent_id}" for agent_id in agents),
        *(f"/projects/aurora/{page}" for page in ("", "agents/", "changes/", "settings/", "settings/people/")),
        "/account/",
    ]
    answers = {url: client.get(url) for url in urls}
    answers["table"] = client.get(LIST, headers=FOR_TABLE)
    for phone in stage.phones:
        row = {"HX-Request": "true", "HX-Target": f"phone-{phone.pk}"}
        answers[f"drawer {phone.pk}"] = client.get(url_of("phone_edit", phone), headers=FOR_DRAWER)
        answers[f"rename {phone.pk}"] = client.get(url_of("phone_rename", phone), headers=row)
        answers[f"cancel {phone.pk}"] = client.get(url_of("phone_rename", phone, "?cancel=1"), headers=row)
    phone = stage.phones[0]
    answers["page"] = client.get(url_of("phone_edit", phone))
    answers["rename page"] = client.get(url_of("phone_rename", phone))
    answers["reread"] = client.post(url_of("phone_reread", phone), headers={"HX-Request": "true"})
    return answers


def test_nothing_that_diga_says_becomes_markup(client: Client, stage: Stage) -> None:
    stage.dress([harmless(text) for text in HOSTILE])
    plain = {url: skeleton(answer) for url, answer in _pages(client, stage).items()}
    stage.dress(HOSTILE)
    answers = _pages(client, stage)

    for url, answer in answers.items():
        assert skeleton(answer) == plain[url], url
        assert _raw(answer) == [], url
    shown = read(answers[LIST]).text_content()
    assert [text for text in HOSTILE[: len(stage.phones)] if text.split()[0] not in shown] == []


def _raw(answer: Answer) -> list[str]:
    """Return the hostile texts with markup that stand in an answer as they are."""
    text = answer.content.decode()
    return [hostile for hostile in HOSTILE if re.search("[<\"']", hostile) and hostile in text and hostile != "<x"]


def test_guard_names_agents_as_text(client: Client, stage: Stage) -> None:
    phone = next(phone for phone in stage.phones if phone.number == "+34951360585")
    wanted = [
        str(version_of(stage.sandbox, name, number)) for name, number in (("Alicia", 6), ("Carla", 4), ("Gema", 1))
    ]
    shapes = []

    for texts in ([harmless(text) for text in HOSTILE], HOSTILE):
        stage.dress(texts)
        values = open_phone(client, phone).values
        guards = [client.get(url_of("phone_guard", phone), values | {"inbound_version_id": one}) for one in wanted]
        shapes.append([skeleton(guard) for guard in guards])

    assert shapes[0] == shapes[1]
    assert [len(shape) > 4 for shape in shapes[0]] == [True] * 3


def _batches(size: int) -> list[str]:
    """Return the hostile texts a few at a time, for places that take long texts."""
    return [" ".join(HOSTILE[start : start + size]) for start in range(0, len(HOSTILE), size)]


def test_nothing_in_the_diary_becomes_markup(client: Client, stage: Stage) -> None:
    urls = [f"/projects/aurora/changes/{stage.change.pk}/", "/projects/aurora/changes/", "/projects/aurora/"]
    urls += [url_of("phone_edit", stage.phones[0], f"?change={stage.change.pk}")]

    def shapes(text: str) -> list[object]:
        stage.speak(text)
        return [skeleton(client.get(url)) for url in urls]

    assert_all_are_text(_batches(4), shapes)


def test_nothing_that_is_searched_for_becomes_markup(client: Client, aurora: Project) -> None:
    names = ("q", "status", "provider", "inbound", "outbound")

    for place, headers in enumerate(({}, FOR_TABLE)):

        def shape(text: str, headers: dict[str, str] = headers) -> list[object]:
            answer = client.get(LIST, dict.fromkeys(names, f"zz{text}"), headers=headers)
            return [_without_queries(skeleton(answer))]

        assert_all_are_text(HOSTILE[place::2], shape)


def _without_queries(bones: list[str]) -> list[str]:
    """Leave the query strings out of own addresses: they hold what was searched for, percent-encoded."""
    return [re.sub(r"\?[\w%=&+.~-]*'", "?'", bone) for bone in bones]


def test_nothing_that_is_typed_becomes_markup(
    client: Client, sandbox: Sandbox, aurora: Project, sales_phone: Phone
) -> None:
    form, rename = open_phone(client, sales_phone), open_rename(client, sales_phone)

    def shapes(text: str) -> list[object]:
        typed = {"nickname": text, "reason": text, "ticket": text, "inbound_version_id": text, "opened": text}
        page = form.send(headers=FOR_DRAWER, **typed)
        row = rename.send(nickname=text, opened=text, form_token=text, headers={"HX-Request": "true"})
        return [skeleton(page), skeleton(row)]

    assert_all_are_text(HOSTILE, shapes)


@pytest.mark.parametrize("status", [400, 403, 422, 503])
def test_nothing_in_an_error_of_diga_becomes_markup(
    client: Client, sandbox: Sandbox, aurora: Project, sales_phone: Phone, status: int
) -> None:
    form, rename = open_phone(client, sales_phone), open_rename(client, sales_phone)

    def answers(text: str) -> list[object]:
        body: dict[str, object] = {"message": text, "error_code": text}
        if status == 422:
            body = {"detail": [{"loc": ["body", "nickname"], "msg": text, "type": text}]}
        plan(sandbox, Fault("status", status=status, method="PATCH", body=body, times=2))
        drawer = form.send(nickname="Mío", form_token=str(uuid4()), headers=FOR_DRAWER)
        row = rename.send(nickname="Mío", form_token=str(uuid4()), headers={"HX-Request": "true"})
        return [_without_history(drawer), _without_history(row)]

    assert_all_are_text(_batches(3), answers)
    assert patches(sandbox)[-1].status == status


def _without_history(answer: Answer) -> list[str]:
    """Leave out the history, which grows with every save; it has a test of its own."""
    drawer = read(answer)
    for history in drawer.xpath(".//section[@aria-labelledby='history-title']"):
        history.drop_tree()
    for result in drawer.xpath(".//*[starts-with(@id, 'result-')]"):
        if result.get("data-result") is None:
            # An earlier save that is not known yet.
            result.drop_tree()
        # The others have the number of their change in them.
        for name in ("id", "hx-get"):
            result.attrib.pop(name, None)
    return bones(drawer, 0)


@pytest.mark.parametrize("markup", ["<p>{}</p>", '<p title="{}"></p>', "<p title='{}'></p>", "<p title={}></p>"])
def test_markup_that_is_not_escaped_is_seen(markup: str) -> None:
    def changed(escaped: Callable[[str], str]) -> int:
        pages = [(markup.format(escaped(text)), markup.format(harmless(text))) for text in HOSTILE]
        return sum(bones(*_read(one)) != bones(*_read(other)) for one, other in pages)

    assert changed(str) > 4
    assert changed(escape) == 0 or "={}" in markup


def _read(page: str) -> tuple[HtmlElement, int]:
    return html.fragment_fromstring(page, create_parent=True), 0
