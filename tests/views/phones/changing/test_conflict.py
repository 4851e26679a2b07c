"""Two people change one phone: three values side by side, a choice per field, and nothing lost or sent unasked."""

from collections.abc import Callable

import pytest
from django.contrib.auth.models import User
from django.test import Client

from phones.diga.sandbox import Sandbox
from phones.models import Change, Phone, Source
from tests.support.desk.saving import sent
from tests.support.pages.pages import (
    FOR_DRAWER,
    Answer,
    OpenForm,
    find,
    form_in,
    has,
    open_phone,
    open_rename,
    read,
    result_of,
    texts,
    url_of,
    version_of,
    words,
)

ClientOf = Callable[[User], Client]
SHAPES = pytest.mark.parametrize("headers", [{}, FOR_DRAWER], ids=["page", "htmx"])


@pytest.fixture
def client(client_of: ClientOf, router: User) -> Client:
    """The browser of somebody who may rename and re-route."""
    return client_of(router)


def _shown(response: Answer) -> dict[str, list[str]]:
    """Return the three values of each field to choose in."""
    fields = read(response).xpath("descendant::fieldset[descendant::input[@type='radio']]")
    return {
        words(field.find("./legend")): texts(field, "./*[contains(@class, 'pick')]/span[last()]") for field in fields
    }


def _chosen(response: Answer) -> list[str]:
    return [str(radio.get("id")) for radio in read(response).xpath("descendant::input[@type='radio'][@checked]")]


def _in_conflict(client: Client, sandbox: Sandbox, phone: Phone, headers: dict[str, str] | None = None) -> Answer:
    form = open_phone(client, phone)
    sandbox.phones[phone.pk].nickname = "De Marta"
    return form.send(nickname="Mío", reason="Por qué", headers=headers)


@SHAPES
def test_conflict_shows_three_values_keeps_what_was_typed_and_sends_nothing(
    client: Client, sandbox: Sandbox, sales_phone: Phone, headers: dict[str, str]
) -> None:
    response = _in_conflict(client, sandbox, sales_phone, headers)

    assert response.status_code == 409
    assert result_of(response).startswith("This number changed in Diga while you were editing. Nothing was sent;")
    assert _shown(response) == {"Alias": ["Ventas Costa del Sol", "De Marta", "Mío"]}
    assert _chosen(response) == []
    assert read(response).xpath("//*[@id='who-answers']") == []
    kept = form_in(client, response).values
    assert (kept["nickname"], kept["reason"]) == ("Mío", "Por qué")
    assert sent(sandbox) == []
    assert not Change.objects.exclude(source=Source.OUTSIDE).exists()


@SHAPES
def test_nothing_is_sent_until_something_is_chosen(
    client: Client, sandbox: Sandbox, sales_phone: Phone, headers: dict[str, str]
) -> None:
    form = form_in(client, _in_conflict(client, sandbox, sales_phone))

    response = form.send(nickname="Mío, mejor", headers=headers)

    assert response.status_code == 422
    assert texts(find(read(response), "nickname-choice-errors"), "./p") == [
        "Choose which value to keep. Nothing was sent."
    ]
    assert _shown(response) == {"Alias": ["Ventas Costa del Sol", "De Marta", "Mío, mejor"]}
    assert form_in(client, response).values["nickname"] == "Mío, mejor"
    assert sent(sandbox) == []


@SHAPES
def test_choosing_mine_sends_what_the_field_holds_by_then(
    client: Client, sandbox: Sandbox, sales_phone: Phone, headers: dict[str, str]
) -> None:
    form = form_in(client, _in_conflict(client, sandbox, sales_phone))

    response = form.send(nickname="De los dos", choose_nickname="mine", headers=headers)

    assert response.status_code == (200 if headers else 302)
    assert sent(sandbox) == [{"nickname": "De los dos"}]
    assert Change.objects.get(source=Source.FORM).reason == "Por qué"


@SHAPES
def test_keeping_theirs_everywhere_is_nothing_to_save(
    client: Client, sandbox: Sandbox, sales_phone: Phone, headers: dict[str, str]
) -> None:
    form = form_in(client, _in_conflict(client, sandbox, sales_phone))

    response = form.send(choose_nickname="theirs", headers=headers)

    assert response.status_code == 200
    assert result_of(response) == (
        "Nothing to save You kept what Diga has. Nothing was sent. The form shows Diga’s values."
    )
    assert form_in(client, response).values["nickname"] == "De Marta"
    assert _shown(response) == {}
    assert sent(sandbox) == []
    assert not Change.objects.exclude(source=Source.OUTSIDE).exists()


def test_chosen_fields_are_sent_and_the_others_are_not(client: Client, sandbox: Sandbox, spare_phone: Phone) -> None:
    form = open_phone(client, spare_phone)
    theirs = sandbox.phones[spare_phone.pk]
    theirs.nickname, theirs.inbound_agent_id = "De Marta", sandbox.projects["aurora"].agent("Bruno").id
    carla = str(version_of(sandbox, "Carla", 4))

    response = form.send(nickname="Mío", inbound_version_id=carla)

    assert _shown(response) == {
        "Alias": ["New Number", "De Marta", "Mío"],
        "Inbound agent": ["No agent", "Bruno · Ventasv2", "Carla · Citasv4"],
    }
    form_in(client, response).send(choose_nickname="mine", choose_inbound="theirs")
    assert sent(sandbox) == [{"nickname": "Mío"}]
    assert sandbox.phones[spare_phone.pk].inbound_agent_id == sandbox.projects["aurora"].agent("Bruno").id


def test_lane_that_is_chosen_is_guarded_and_sent(client: Client, sandbox: Sandbox, sales_phone: Phone) -> None:
    form = open_phone(client, sales_phone)
    sandbox.phones[sales_phone.pk].inbound_agent_id = sandbox.projects["aurora"].agent("Carla").id
    response = form.send(unassign_inbound="on", understood=None)
    assert _shown(response)["Inbound agent"][2] == "No agent"

    unread = form_in(client, response).send(choose_inbound="mine")
    ticked = form_in(client, unread).send(understood="on")

    assert (unread.status_code, _chosen(unread)) == (422, ["choose_inbound_mine"])
    assert "no longer be answered" in words(find(read(unread), "phone-guard"))
    assert ticked.status_code == 302
    assert sent(sandbox) == [{"inbound_version_id": None}]


def test_both_directions_follow_what_was_chosen(client: Client, sandbox: Sandbox, spare_phone: Phone) -> None:
    form = open_phone(client, spare_phone)
    sandbox.phones[spare_phone.pk].inbound_agent_id = sandbox.projects["aurora"].agent("Carla").id
    bruno = str(version_of(sandbox, "Bruno", 2))
    response = form.send(inbound_version_id=bruno)

    form_in(client, response).send(choose_inbound="theirs", both_directions="on")

    assert sent(sandbox) == [{"outbound_version_id": str(version_of(sandbox, "Carla", 4))}]


def test_number_that_moves_again_is_a_conflict_again_on_the_new_base(
    client: Client, sandbox: Sandbox, sales_phone: Phone
) -> None:
    form = form_in(client, _in_conflict(client, sandbox, sales_phone))
    sandbox.phones[sales_phone.pk].nickname = "De Íñigo"

    response = form.send(choose_nickname="mine")

    assert response.status_code == 409
    assert _shown(response) == {"Alias": ["De Marta", "De Íñigo", "Mío"]}
    assert _chosen(response) == []
    assert sent(sandbox) == []
    form_in(client, response).send(choose_nickname="mine")
    assert sent(sandbox) == [{"nickname": "Mío"}]


def test_field_that_only_others_changed_is_merged_and_named(
    client: Client, sandbox: Sandbox, spare_phone: Phone
) -> None:
    form = open_phone(client, spare_phone)
    sandbox.phones[spare_phone.pk].outbound_agent_id = sandbox.projects["aurora"].agent("Bruno").id
    response = _conflict_of_nickname(form, sandbox, spare_phone)

    merged = read(response).xpath("descendant::section[@aria-labelledby='merged-title']/p")
    saved = form_in(client, response).send(choose_nickname="mine", headers=FOR_DRAWER)

    assert [words(line) for line in merged] == [
        "Outbound agent No agent Bruno · Ventasv2 changed by others only, kept as it is"
    ]
    assert "Meanwhile somebody else changed: Outbound agent. That was left as it is." in result_of(saved)
    assert sent(sandbox) == [{"nickname": "Mío"}]


def _conflict_of_nickname(form: OpenForm, sandbox: Sandbox, phone: Phone) -> Answer:
    sandbox.phones[phone.pk].nickname = "De Marta"
    return form.send(nickname="Mío")


def test_who_changed_it_is_told_from_the_diary(
    client: Client, client_of: ClientOf, lead: User, sandbox: Sandbox, sales_phone: Phone
) -> None:
    form = open_phone(client, sales_phone)
    open_phone(client_of(lead), sales_phone).send(nickname="De la jefa", ticket="SUP-4", reason="Nuevo turno")

    response = form.send(nickname="Mío")

    (who,) = read(response).xpath("descendant::fieldset//small[contains(., 'Lead Ruiz')]")
    assert words(who).endswith(" · SUP-4 · “Nuevo turno”")


def test_change_from_outside_is_told_with_its_window(client: Client, sandbox: Sandbox, sales_phone: Phone) -> None:
    form = open_phone(client, sales_phone)

    response = _conflict_of_nickname(form, sandbox, sales_phone)

    told = texts(read(response), "descendant::fieldset//small[1]")[0]
    assert told.startswith("Changed outside this desk, between")


def test_choice_that_was_never_asked_for_changes_nothing(client: Client, sandbox: Sandbox, sales_phone: Phone) -> None:
    response = open_phone(client, sales_phone).send(nickname="Ventas", choose_nickname="theirs")

    assert response.status_code == 302
    assert sent(sandbox) == [{"nickname": "Ventas"}]


def test_rename_in_the_list_has_its_own_choice(client: Client, sandbox: Sandbox, sales_phone: Phone) -> None:
    headers = {"HX-Request": "true", "HX-Target": f"phone-{sales_phone.pk}"}
    form = open_rename(client, sales_phone)
    sandbox.phones[sales_phone.pk].nickname = "De Marta"

    response = form.send(nickname="Mío", headers=headers)

    row = read(response)
    assert response.status_code == 409
    assert _shown(response) == {"Alias": ["Ventas Costa del Sol", "De Marta", "Mío"]}
    assert find(row, f"rename-{sales_phone.pk}").get("value") == "Mío"
    again = OpenForm(client, form.url, {name: row.xpath(f".//input[@name='{name}']/@value")[0] for name in HIDDEN})
    assert again.send(nickname="Mío", headers=headers).status_code == 422
    assert sent(sandbox) == []
    assert again.send(nickname="Mío", choose_nickname="mine", headers=headers).status_code == 200
    assert sent(sandbox) == [{"nickname": "Mío"}]


HIDDEN = ("csrfmiddlewaretoken", "opened", "form_token")


def test_rename_that_keeps_theirs_closes_with_the_word(client: Client, sandbox: Sandbox, sales_phone: Phone) -> None:
    form = open_rename(client, sales_phone)
    sandbox.phones[sales_phone.pk].nickname = "De Marta"
    (again,) = read(form.send(nickname="Mío")).xpath("//main//form")
    values = {name: again.xpath(f".//input[@name='{name}']/@value")[0] for name in HIDDEN}

    response = OpenForm(client, form.url, values).send(
        nickname="Mío", choose_nickname="theirs", headers={"HX-Request": "true"}
    )

    assert response.status_code == 200
    assert not has(read(response), f"rename-{sales_phone.pk}")
    assert "De Marta" in words(read(response))
    assert sent(sandbox) == []


@SHAPES
def test_spent_form_with_other_text_says_so_and_keeps_the_text(
    client: Client, sandbox: Sandbox, sales_phone: Phone, headers: dict[str, str]
) -> None:
    form = open_phone(client, sales_phone)
    form.send(nickname="Primero", headers=headers)

    response = form.send(nickname="Después", headers=headers)

    assert response.status_code == 409
    told = "This form was sent before, and ended so: Saved. What you typed since was not sent."
    assert told in result_of(response)
    assert form_in(client, response).values["nickname"] == "Después"
    assert sent(sandbox) == [{"nickname": "Primero"}]
    assert form_in(client, response).send(headers=headers).status_code == (200 if headers else 302)
    assert sent(sandbox)[1:] == [{"nickname": "Después"}]


def test_reload_after_a_conflict_is_a_fresh_form(client: Client, sandbox: Sandbox, sales_phone: Phone) -> None:
    _in_conflict(client, sandbox, sales_phone)

    page = client.get(url_of("phone_edit", sales_phone))

    assert _shown(page) == {}
    assert form_in(client, page).values["nickname"] == "De Marta"
