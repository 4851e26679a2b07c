"""Passwords that are long enough and yet easy to guess."""

import pytest
from django.contrib.auth.models import User
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from pytest_django import Settings

from phones.models import Project

pytestmark = pytest.mark.django_db


def _problems(password: str, user: User | None = None) -> list[str]:
    try:
        validate_password(password, user)
    except ValidationError as refused:
        return [str(error.code) for error in refused.error_list]
    return []


@pytest.mark.parametrize(
    "password",
    [
        "passwordpassword",
        "Password123456",
        "iloveyou123456",
        "administrator1",
        "correct1234567",
        "qwertyuiop1234",
        "1q2w3e4r5t6y",
        "asdfghjklñ12",
        "123456789012",
        "abcdefghijklmn",
        "aaaaaaaaaaaaaa",
        "letmeinletmein",
        "Contraseña2026",
        "telefonica2026",
        "barcelona2026!",
        "teléfonoteléfono",
    ],
)
def test_common_words_rows_of_keys_and_repetitions_are_refused(password: str) -> None:
    assert len(password) >= 12
    assert _problems(password) == ["guessable"]


@pytest.mark.parametrize(
    "password",
    [
        "PhoneDesk2026!",
        "phone desk phone desk",
        "diga-diga-diga-1",
        "Aurora-Aurora-1",
        "Clínicas_2026_aurora",
        "Clinicas-Aurora-2026",
    ],
)
def test_words_of_the_product_and_of_projects_count_for_nothing(password: str) -> None:
    Project.objects.create(name="Clínicas Aurora", slug="aurora")

    assert _problems(password) == ["guessable"]


def test_host_name_counts_for_nothing(settings: Settings) -> None:
    assert _problems("zafiro-xq-kolmt-7") == []
    settings.SITE_URL = "https://zafiro.kolmt.example"

    assert _problems("zafiro-xq-kolmt-7") == ["guessable"]


@pytest.mark.parametrize(
    "password",
    [
        "four words make sense",
        "una frase de paso",
        "caballo batería grapa correcta",
        "tVx9!kq02LmZ",
        "phone four desk words make sense",
        "x7Q-" * 3 + "many words that are long " * 20,
    ],
)
def test_passwords_that_are_hard_to_guess_are_taken(password: str) -> None:
    assert _problems(password) == []


def test_name_of_the_person_is_no_help() -> None:
    user = User(username="wolframina", first_name="Wolframina", last_name="Zubizarreta")

    assert _problems("zubizarreta12", user) == ["password_too_similar", "guessable"]
    assert _problems("zubizarreta12wolframina", user) == ["guessable"]


def test_of_a_long_password_the_beginning_is_estimated() -> None:
    assert _problems("aB3$" * 2000) == ["guessable"]
