"""The invariants notice what they are for: each is broken once, and says so."""

import uuid

import pytest
from django.db import connection
from django.utils import timezone

from bench.rig.invariants import assert_invariants
from phones.diga.sandbox import Sandbox
from phones.models import Change, Outcome, Phone, Plan, Project, PublishRequest
from phones.models.audit import append_only
from phones.services.routing.edits import PhoneEdit
from tests.support.desk.published import publish, publishings, read_back
from tests.support.desk.saving import held, save

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def change(sandbox: Sandbox, sales_phone: Phone) -> Change:
    """A confirmed change, and a diary that no trigger guards any more."""
    saved = save(sales_phone, PhoneEdit(nickname="Ventas, otra vez"))
    assert_invariants(sandbox)
    append_only.remove_triggers()
    return saved.change


def assert_broken(sandbox: Sandbox, words: str) -> None:
    with pytest.raises(AssertionError, match=words):
        assert_invariants(sandbox)


@pytest.mark.parametrize(
    ("outcome", "words"), [("PENDING", "Left pending"), ("FAILED", "said to be so 0 times"), ("UNKNOWN", "and settled")]
)
def test_false_outcome_is_noticed(sandbox: Sandbox, change: Change, outcome: str, words: str) -> None:
    Change.objects.update(outcome=outcome)

    assert_broken(sandbox, words)


def test_false_confirmation_is_noticed(sandbox: Sandbox, change: Change) -> None:
    sandbox.journal.clear()

    assert_broken(sandbox, "Confirmed 1 times, applied 0")


def test_write_without_an_entry_is_noticed(sandbox: Sandbox, change: Change) -> None:
    Change.objects.update(after={"nickname": "Another"})

    assert_broken(sandbox, "written down 0 times")


def test_write_that_was_applied_twice_is_noticed(sandbox: Sandbox, change: Change) -> None:
    sandbox.journal.append(sandbox.journal[-1])

    assert_broken(sandbox, "Applied 2 times, written down 1 times")


def test_phone_that_is_searched_by_an_old_text_is_noticed(sandbox: Sandbox, change: Change) -> None:
    Phone.objects.filter(pk=change.phone_id).update(note="Rung twice")

    assert_broken(sandbox, "not searched or sorted by what it says: .'search_text'")


def test_phone_that_is_sorted_by_another_agent_is_noticed(sandbox: Sandbox, change: Change) -> None:
    Phone.objects.filter(pk=change.phone_id).update(inbound_key="another")

    assert_broken(sandbox, "not searched or sorted by what it says: .'inbound_key'")


@pytest.mark.skipif(connection.vendor != "sqlite", reason="PostgreSQL's index follows by itself.")
def test_phone_that_was_written_past_the_index_is_noticed(sandbox: Sandbox, change: Change) -> None:
    phone = Phone.objects.get(pk=change.phone_id)
    phone.pk, phone._state.adding = uuid.uuid4(), True
    phone.save()

    assert_broken(sandbox, "SQLite's index of the phones")


def test_untrue_copy_is_noticed(sandbox: Sandbox, change: Change, sales_phone: Phone) -> None:
    held(sandbox, sales_phone).nickname = "Moved by others"

    assert_broken(sandbox, "differs from Diga")
    assert_invariants(sandbox, changed_outside=[sales_phone.pk])


def test_altered_entry_is_noticed(sandbox: Sandbox, change: Change) -> None:
    Change.objects.update(message="Forged")

    assert_broken(sandbox, "was altered")


def test_leaked_key_is_noticed(sandbox: Sandbox, change: Change) -> None:
    Phone.objects.filter(pk=change.phone_id).update(note=f"It is {sandbox.key()}!")

    assert_broken(sandbox, "leaked")
    with pytest.raises(AssertionError, match="leaked"):
        assert_invariants(sandbox, said=f"Bearer {sandbox.key()}")


def test_open_entry_is_looked_at_again(sandbox: Sandbox, sales_phone: Phone) -> None:
    Change.objects.create(
        project=sales_phone.project, phone=sales_phone, outcome=Outcome.UNKNOWN, created_at=timezone.now()
    )

    assert_broken(sandbox, "Nobody looks at it again")


# Publishing.


@pytest.fixture
def published(sandbox: Sandbox, aurora: Project) -> Plan:
    """A version that was published for all numbers of an agent, and tables that no trigger guards any more."""
    done = read_back(publish(aurora, "Alicia", 6))
    assert_invariants(sandbox)
    append_only.remove_triggers()
    return done


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"outcome": "PENDING"}, "left pending"),
        ({"outcome": "FAILED"}, "said not to be"),
        ({"outcome": "UNKNOWN"}, "An entry of no plan"),
    ],
)
def test_false_request_is_noticed(sandbox: Sandbox, published: Plan, values: dict[str, object], words: str) -> None:
    PublishRequest.objects.update(**values)

    assert_broken(sandbox, words)


def test_publishing_without_a_request_is_noticed(sandbox: Sandbox, published: Plan) -> None:
    PublishRequest.objects.all()._raw_delete("default")

    assert_broken(sandbox, "written down 0 times")


def test_request_that_was_sent_twice_is_noticed(sandbox: Sandbox, published: Plan) -> None:
    sandbox.journal.append(publishings(sandbox)[0])

    assert_broken(sandbox, "Published 2 times, written down 1 times")


def test_request_that_diga_never_saw_is_noticed(sandbox: Sandbox, published: Plan) -> None:
    sandbox.journal.clear()

    assert_broken(sandbox, "Confirmed 1 times, published 0 times")


def test_entry_of_no_plan_is_noticed(sandbox: Sandbox, published: Plan) -> None:
    published.items.filter(number=1).update(change=None)

    assert_broken(sandbox, "An entry of no plan")
