"""The names by which people are shown."""

import pytest
from django.contrib.auth.models import User

from phones.services.display_names import name_apart, unique_name_of

pytestmark = pytest.mark.django_db


def person(username: str, first_name: str = "Ana", last_name: str = "Ruiz") -> User:
    return User.objects.create(username=username, first_name=first_name, last_name=last_name)


def test_username_is_added_where_two_have_one_name() -> None:
    ana = person("ana.r")
    assert unique_name_of(ana) == "Ana Ruiz"

    other = person("ana2", "ANA")
    nameless, another = person("x", "", ""), person("y", "", "")

    assert [unique_name_of(each) for each in (ana, other, nameless, another)] == [
        "Ana Ruiz (ana.r)",
        "ANA Ruiz (ana2)",
        "x",
        "y",
    ]


def test_name_apart_never_says_a_username_twice() -> None:
    assert [name_apart("Ana", "ana"), name_apart("ana", "ana"), name_apart("Ana", ""), name_apart("", "")] == [
        "Ana (ana)",
        "ana",
        "Ana",
        "",
    ]
