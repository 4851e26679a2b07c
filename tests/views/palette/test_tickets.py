"""A ticket pasted into the palette: what is shown of each number, what is asked, and what is done."""

from collections.abc import Callable

import pytest
from django.contrib.auth.models import User
from django.test import Client
from lxml.html import HtmlElement

from phones.diga.sandbox import Sandbox
from phones.models import Change, Phone, Plan, PlanState, Project
from tests.support.desk.saving import sent
from tests.support.pages.hostile import HOSTILE, harmless
from tests.support.pages.pages import read, texts, values_of, version_of, words
from tests.support.pages.skeletons import skeleton

ClientOf = Callable[[User], Client]
PALETTE = "/projects/aurora/palette/"
INSIDE = {"HX-Request": "true", "HX-Target": "palette-hits"}
TICKET = "Hola, pasad el 951 44 12 46 a Alicia. Ref 4471"
SEVERAL = "Pasad el 951 44 12 46 y el 951-20-18-02 a Carla. Ref 4471"


def _ask(client: Client, text: str) -> HtmlElement:
    return read(client.get(PALETTE, {"q": text}, headers=INSIDE))


def _form(tree: HtmlElement) -> HtmlElement:
    (form,) = tree.xpath("//form[@data-palette-form]")
    return form


def _questions(tree: HtmlElement) -> list[str]:
    return texts(tree, "//section[@data-ticket]/p[contains(@class, 'is-warn')]/span")


def test_number_is_shown_now_and_then_with_the_guard(client_of: ClientOf, router: User, sales_phone: Phone) -> None:
    tree = _ask(client_of(router), TICKET)

    (line,) = tree.xpath("//ul/li/p[1]")
    assert words(line) == f"{sales_phone.shown} Ventas Costa del Sol now Bruno · Ventas v2 → Alicia · Recepción v5"
    assert texts(tree, "//li//strong") == ["Nothing is published."]
    assert values_of(_form(tree))["ticket"] == "4471"
    assert _questions(tree) == []


def test_save_goes_the_way_of_the_form(client_of: ClientOf, router: User, sales_phone: Phone, sandbox: Sandbox) -> None:
    client = client_of(router)
    form = _form(_ask(client, TICKET))

    answer = client.post(form.get("action"), values_of(form))

    change = Change.objects.get(phone=sales_phone)
    assert answer["Location"] == f"{form.get('action')}?change={change.pk}"
    assert (change.outcome, change.ticket, change.actor) == ("CONFIRMED", "4471", router)
    assert sent(sandbox) == [{"inbound_version_id": str(version_of(sandbox, "Alicia", 5))}]


def test_publishing_has_to_be_agreed_to(client_of: ClientOf, router: User, sandbox: Sandbox) -> None:
    client = client_of(router)
    form = _form(_ask(client, "Move 951441246 to Gema v1"))
    assert len(form.xpath(".//input[@name='understood'][@required]")) == 1

    refused = client.post(form.get("action"), values_of(form))
    saved = client.post(form.get("action"), values_of(form) | {"understood": "on"})

    assert (refused.status_code, saved.status_code) == (422, 302)
    assert sent(sandbox) == [{"inbound_version_id": str(version_of(sandbox, "Gema", 1))}]


def test_conflict_leads_to_the_form_of_the_number(
    client_of: ClientOf, router: User, sales_phone: Phone, sandbox: Sandbox
) -> None:
    client = client_of(router)
    form = _form(_ask(client, TICKET))
    project = sandbox.projects["aurora"]
    project.phones[sales_phone.pk].inbound_agent_id = project.agent("Carla").id

    answer = client.post(form.get("action"), values_of(form))

    assert answer.status_code == 409
    assert len(read(answer).xpath("//*[@id='drawer']//*[@name='choose_inbound']")) == 2
    assert sent(sandbox) == []


def test_several_numbers_are_a_plan_to_be_looked_at(
    client_of: ClientOf, lead: User, aurora: Project, sandbox: Sandbox
) -> None:
    client = client_of(lead)
    form = _form(_ask(client, SEVERAL))

    answers = [client.post(form.get("action"), values_of(form)) for _twice in range(2)]

    plan = Plan.objects.get()
    assert (plan.state, plan.ticket, plan.reason, plan.author) == (
        PlanState.PREVIEW,
        "4471",
        "As the ticket asks",
        lead,
    )
    assert [item.phone.number for item in plan.items.order_by("number")] == ["+34951441246", "+34951201802"]
    assert {item.after["inbound"].agent_name for item in plan.items.all()} == {"Carla · Citas"}
    assert {answer["Location"].startswith(f"/projects/aurora/plans/{plan.pk}-") for answer in answers} == {True}
    assert sent(sandbox) == []


def test_form_that_made_a_plan_makes_no_other(client_of: ClientOf, lead: User) -> None:
    client = client_of(lead)
    form = _form(_ask(client, SEVERAL))
    client.post(form.get("action"), values_of(form))

    answer = client.post(form.get("action"), values_of(form) | {"reason": "Another"})

    assert (answer.status_code, Plan.objects.count()) == (409, 1)


@pytest.mark.parametrize(("name", "value"), [("phones", "x"), ("version", "x"), ("form_token", ""), ("reason", " ")])
def test_altered_form_makes_no_plan(client_of: ClientOf, lead: User, name: str, value: str) -> None:
    client = client_of(lead)
    form = _form(_ask(client, SEVERAL))

    answer = client.post(form.get("action"), values_of(form) | {name: value})

    assert (answer.status_code, Plan.objects.count()) == (422, 0)


def test_numbers_of_another_project_are_in_no_plan(client_of: ClientOf, lead: User, talleres: Project) -> None:
    client = client_of(lead)
    form = _form(_ask(client, SEVERAL))
    foreign = Phone.objects.filter(project=talleres).first()

    answer = client.post(form.get("action"), values_of(form) | {"phones": str(foreign and foreign.pk)})

    assert (answer.status_code, Plan.objects.count()) == (422, 0)


def test_router_is_offered_one_number_at_a_time(client_of: ClientOf, router: User, sales_phone: Phone) -> None:
    client = client_of(router)
    tree = _ask(client, SEVERAL)

    assert _questions(tree) == ["Your role changes one number at a time. Which one first?"]
    choices = {words(link): link.get("href") for link in tree.xpath("//a[@data-palette-choice]")}
    one = read(client.get(choices[sales_phone.shown], headers=INSIDE))

    assert _form(one).get("action") == f"/projects/aurora/phones/{sales_phone.pk}/"
    assert client.post(PALETTE, {}).status_code == 403


@pytest.mark.parametrize("who", ["viewer", "labeller"])
def test_who_may_not_route_gets_the_numbers_alone(
    client_of: ClientOf, request: pytest.FixtureRequest, who: str, sales_phone: Phone
) -> None:
    tree = _ask(client_of(request.getfixturevalue(who)), TICKET)

    assert tree.xpath("//section[@data-ticket]") == []
    assert tree.xpath("//a[@class='hit']/@href") == [f"/projects/aurora/phones/{sales_phone.pk}/"]


@pytest.mark.parametrize(
    ("text", "question"),
    [
        ("Pasad el 951 44 12 46 a Alicia y el 951201802 a Carla", "The text names several agents"),
        ("¿Quién lleva el 951 44 12 46? Cambiadlo", "The text names no agent"),
        ("Pasad el 951 44 12 46 a Elena", "The agent has no such version live"),
        ("Desasignad el 951 44 12 46", "The text asks to take an agent away"),
        ("Renombrad el 951 44 12 46", "The text asks for another name"),
        ("Pasad el 951 44 12 46 a Alicia hasta el lunes", "The text names a time"),
        ("Pasad el que acaba en 1246 a Alicia", "A number is given in part"),
    ],
)
def test_what_is_uncertain_is_asked_and_not_done(
    client_of: ClientOf, lead: User, sales_phone: Phone, text: str, question: str
) -> None:
    tree = _ask(client_of(lead), text)

    assert any(each.startswith(question) for each in _questions(tree))
    assert tree.xpath("//form") == []


def test_answers_settle_what_was_asked(client_of: ClientOf, lead: User, sales_phone: Phone) -> None:
    client = client_of(lead)
    first = _ask(client, "Pasad el que acaba en 1246 a Elena")
    (number,) = first.xpath("//a[@data-palette-choice][contains(., '951 44 12 46')]/@href")
    second = read(client.get(number, headers=INSIDE))
    (version,) = second.xpath("//a[@data-palette-choice][contains(., 'v3')]/@href")

    done = read(client.get(version, headers=INSIDE))

    assert _questions(done) == []
    assert _form(done).get("action") == f"/projects/aurora/phones/{sales_phone.pk}/"


def test_number_of_no_project_is_told_and_has_to_be_left_out(client_of: ClientOf, router: User) -> None:
    tree = _ask(client_of(router), "Pasad el 951 44 12 46 y el 699 999 999 a Alicia")

    assert _questions(tree) == ["Not in this project: 699 999 999"]
    assert texts(_form(tree), ".//label[input[@required]]") == ["Go on without the missing ones"]


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("Pasad el 951 44 12 46 a Bruno", "Already so."),
        ("Pasad el 918 21 13 74 a Bruno", "not active yet"),
        ("Pasad el 951 44 12 46 a Hugo v6", "Diga will refuse this"),
    ],
)
def test_what_can_not_be_done_has_no_button(client_of: ClientOf, router: User, text: str, why: str) -> None:
    tree = _ask(client_of(router), text)

    assert why in words(tree)
    assert tree.xpath("//form") == []


def test_page_without_scripts_saves_too(client_of: ClientOf, router: User, sales_phone: Phone) -> None:
    client = client_of(router)
    form = _form(read(client.get(PALETTE, {"q": TICKET})))

    assert client.post(form.get("action"), values_of(form)).status_code == 302
    assert Change.objects.get(phone=sales_phone).outcome == "CONFIRMED"


def test_long_text_is_for_the_finder(client_of: ClientOf, router: User) -> None:
    tree = _ask(client_of(router), f"{TICKET} {'x' * 2000}")

    assert tree.xpath("//form") == []
    assert tree.xpath("//a/@href") == ["/projects/aurora/find/"]


def test_hostile_ticket_is_only_text(client_of: ClientOf, lead: User) -> None:
    client = client_of(lead)

    for hostile in HOSTILE:
        shapes = [skeleton(client.get(PALETTE, {"q": f"{TICKET} {text}"})) for text in (harmless(hostile), hostile)]
        assert shapes[0] == shapes[1], hostile
