"""Single keys as shortcuts: a person turns them off for themselves, in every project."""

from collections.abc import Callable

from django.contrib.auth.models import User
from django.test import Client

from phones.models import Preference
from tests.support.pages.pages import read, texts, values_of

ClientOf = Callable[[User], Client]
LIST = "/projects/aurora/phones/"


def _state(client: Client) -> list[str]:
    return [str(value) for value in read(client.get(LIST)).xpath("//body/@data-shortcuts")]


def _press(client: Client) -> str:
    """Press the button of the account page, and return what that says then."""
    page = read(client.get("/account/"))
    (form,) = page.xpath("//form[@aria-labelledby='keyboard']")
    (button,) = form.xpath(".//button")
    answer = client.post(form.get("action"), values_of(form) | {"shortcuts": button.get("value")}, follow=True)
    return texts(read(answer), "//form[@aria-labelledby='keyboard']/span")[0]


def test_they_are_turned_off_and_on_again(client_of: ClientOf, viewer: User) -> None:
    client = client_of(viewer)
    assert _state(client) == ["on"]

    assert _press(client) == "Single keys do nothing; Ctrl or ⌘ K opens the palette."
    assert _state(client) == ["off"]
    assert _press(client) == "Single keys are shortcuts; ? shows them."
    assert _state(client) == ["on"]
    assert Preference.objects.count() == 1


def test_choice_is_the_persons_alone(client_of: ClientOf, viewer: User, lead: User) -> None:
    _press(client_of(viewer))

    assert _state(client_of(lead)) == ["on"]
    assert _state(client_of(viewer)) == ["off"]


def test_palette_tells_no_keys_to_who_has_none(client_of: ClientOf, viewer: User) -> None:
    client = client_of(viewer)
    assert texts(read(client.get("/projects/aurora/palette/")), "//kbd[contains(., 'g a')]") == ["g a"]

    _press(client)

    assert texts(read(client.get("/projects/aurora/palette/")), "//div[@id='palette-list']//kbd") == []
