"""What forms say in Spanish when they refuse what was typed, also in the words of Django and allauth."""

from collections.abc import Callable

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.utils.translation import gettext, ngettext, override

from phones.models import Project
from tests.fixtures.spanish import Check

SETTINGS = "/projects/aurora/settings/"
REFUSED = {
    "wrong old password": (
        "/account/password/",
        {"oldpassword": "wrong", "password1": "un dos tres cuatro", "password2": "un dos tres cuatro"},
        "Escribe tu contraseña actual.",
    ),
    "username": (
        f"{SETTINGS}people/",
        {"username": "no ria!", "full_name": "Nuria", "role": "ROUTER"},
        "Escribe un usuario válido",
    ),
    "role": (
        f"{SETTINGS}people/",
        {"username": "nuria", "full_name": "Nuria", "role": "KING"},
        "Elige otra opción: KING no está entre las que hay.",
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_form_refuses_in_the_words_of_a_colleague(
    name: str, aurora: Project, admin: User, spaniard: Callable[[User], Client], assert_spanish: Check
) -> None:
    address, typed, words = REFUSED[name]

    answer = spaniard(admin).post(address, typed)

    assert answer.status_code in {200, 422}
    assert_spanish(answer.content, words)


@pytest.mark.usefixtures("fresh_spanish")
def test_our_words_come_before_those_of_libraries() -> None:
    with override("es"):
        said = (
            gettext("Enter a valid date."),
            ngettext(
                "Your password must contain at least %(min_length)d character.",
                "Your password must contain at least %(min_length)d characters.",
                12,
            ),
        )

    assert said == (
        "Escribe una fecha válida.",
        "Tu contraseña tiene que tener al menos %(min_length)d caracteres.",
    )
