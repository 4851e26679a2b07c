"""0017_usernames: the database takes no second username that differs by case alone, whoever makes it."""

from collections.abc import Iterator
from threading import Barrier, Thread

import pytest
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command
from django.db import IntegrityError, connection, connections, transaction

BEFORE = "0016_sessions"


@pytest.mark.django_db
@pytest.mark.parametrize("taken", ["marta", "MARTA", "Marta"])
def test_username_is_taken_in_any_case(taken: str) -> None:
    User.objects.create_user("Marta")

    with pytest.raises(IntegrityError), transaction.atomic():
        User.objects.bulk_create([User(username=taken)])

    assert User.objects.count() == 1


@pytest.mark.django_db
def test_username_is_taken_in_any_case_with_accents() -> None:
    User.objects.create_user("ÍñigoÜ")

    with pytest.raises(IntegrityError), transaction.atomic():
        User.objects.bulk_create([User(username="íÑIGOü")])


@pytest.mark.django_db(transaction=True)
def test_of_two_at_once_one_gets_the_name() -> None:
    barrier, outcomes = Barrier(2), []

    def make(username: str) -> None:
        barrier.wait()
        try:
            User.objects.bulk_create([User(username=username)])
            outcomes.append("made")
        except IntegrityError:
            outcomes.append("taken")
        finally:
            connections.close_all()

    threads = [Thread(target=make, args=(name,)) for name in ("marta", "Marta")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert (sorted(outcomes), User.objects.count()) == (["made", "taken"], 1)


@pytest.fixture
def _newest_again(transactional_db: None) -> Iterator[None]:
    yield
    User.objects.all().delete()
    call_command("migrate", "phones", verbosity=0)


@pytest.mark.usefixtures("_newest_again")
def test_migration_names_the_accounts_that_are_in_its_way() -> None:
    call_command("migrate", "phones", BEFORE, verbosity=0)
    maria, other, _third = User.objects.bulk_create(User(username=name) for name in ("María", "MARÍA", "otto"))

    with pytest.raises(CommandError, match="differ by case alone") as refused:
        call_command("migrate", "phones", verbosity=0)

    assert f"there are such: María (id {maria.pk}) and MARÍA (id {other.pk}). Nothing was changed." in str(
        refused.value
    )
    assert "otto" not in str(refused.value)
    User.objects.filter(pk=other.pk).update(username="maria2")
    call_command("migrate", "phones", verbosity=0)
    with connection.cursor() as cursor:
        names = connection.introspection.get_constraints(cursor, "auth_user")
    assert "username_taken_in_any_case" in names
