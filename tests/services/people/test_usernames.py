"""A username is taken in every case and width, in any alphabet, whoever makes the account."""

import pytest
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command

from phones.services.people.usernames import UsernameTaken, find_account
from tests.fixtures.desk import make_user

pytestmark = pytest.mark.django_db
PAIRS = [("ΝΊΚΗ", "νίκη"), ("Юлия", "ЮЛИЯ"), ("ŁUKASZ", "łukasz"), ("straße", "STRASSE"), ("ａｎａ", "Ana")]


@pytest.mark.parametrize(("taken", "wanted"), PAIRS)
def test_no_account_is_made_of_a_taken_name(taken: str, wanted: str) -> None:
    make_user(taken)

    with pytest.raises(UsernameTaken, match="There is an account"):
        User.objects.create_user(wanted)

    assert User.objects.count() == 1


@pytest.mark.parametrize(("taken", "wanted"), PAIRS)
def test_no_account_is_renamed_to_a_taken_name(taken: str, wanted: str) -> None:
    make_user(taken)
    other = make_user("other")

    other.username = wanted
    with pytest.raises(UsernameTaken):
        other.save()

    other.refresh_from_db()
    assert other.username == "other"


def test_account_may_be_saved_and_change_its_own_case() -> None:
    person = make_user("νίκη")

    person.first_name, person.username = "Νίκη", "Νίκη"
    person.save()

    assert User.objects.get().username == "Νίκη"


def test_superuser_of_a_taken_name_is_refused_in_a_sentence() -> None:
    make_user("νίκη")

    with pytest.raises(CommandError, match=r"^There is an account νίκη already\.$"):
        call_command("createsuperuser", "--noinput", username="ΝΊΚΗ", email="")

    assert User.objects.count() == 1


@pytest.mark.parametrize(("taken", "wanted"), PAIRS)
def test_account_is_found_in_any_case(taken: str, wanted: str) -> None:
    make_user("other")
    person = make_user(taken)

    assert find_account(wanted) == person
    assert find_account("nobody") is None
