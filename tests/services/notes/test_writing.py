"""Notes: stored with their search text and act, and never over a note that nobody saw."""

from collections.abc import Callable

import pytest
from django.contrib.auth.models import User
from django.utils import timezone

from phones.diga.sandbox import Sandbox
from phones.models import Act, ActKind, Phone, Project
from phones.services.finding.phone_list import Criteria, matching
from phones.services.notes.writing import NoteMoved, fingerprint_of, write_note
from phones.services.routing.catalogue import catalogue_of
from phones.services.sync import refresh

Write = Callable[..., bool]


@pytest.fixture
def write(sales_phone: Phone, labeller: User) -> Write:
    """Write a note on the sales phone as its form does that was opened on `seen`."""

    def write(note: str, seen: str = "") -> bool:
        return write_note(phone=sales_phone, note=note, seen=fingerprint_of(seen), actor=labeller, clock=timezone.now)

    return write


def found(project: Project, text: str) -> list[Phone]:
    return list(matching(project, Criteria(q=text), catalogue_of(project), timezone.now()))


def acts() -> list[Act]:
    return list(Act.objects.filter(kind=ActKind.NOTE_CHANGED).order_by("pk"))


def test_note_is_stored_searched_and_an_act(
    write: Write, sandbox: Sandbox, aurora: Project, sales_phone: Phone, labeller: User
) -> None:
    sandbox.journal.clear()

    assert write("Pregunta a Núria")

    assert sales_phone.note == Phone.objects.get(pk=sales_phone.pk).note == "Pregunta a Núria"
    assert found(aurora, "nuria") == [sales_phone]
    (act,) = acts()
    assert (act.project, act.actor) == (aurora, labeller)
    assert act.details == {
        "phone": str(sales_phone.pk),
        "number": sales_phone.shown,
        "note": {"before": "", "after": "Pregunta a Núria"},
    }
    assert sandbox.journal == []


def test_replaced_note_is_not_found_any_more(write: Write, aurora: Project, sales_phone: Phone) -> None:
    write("Ask Nuria")

    assert write("Ask Olga", seen="Ask Nuria")

    assert found(aurora, "nuria") == []
    assert found(aurora, "olga costa") == [sales_phone]
    assert [act.details["note"] for act in acts()][1] == {"before": "Ask Nuria", "after": "Ask Olga"}


def test_note_survives_what_diga_says(write: Write, sandbox: Sandbox, aurora: Project, sales_phone: Phone) -> None:
    stale = Phone.objects.get(pk=sales_phone.pk)
    stale.project = aurora
    write("Ask Nuria")
    sandbox.phones[sales_phone.pk].nickname = "Renamed in Diga"

    refresh.refresh_phone(project=aurora, phone=stale, clock=timezone.now)

    assert Phone.objects.get(pk=sales_phone.pk).note == "Ask Nuria"
    assert found(aurora, "nuria renamed") == [sales_phone]


def test_same_note_again_writes_nothing(write: Write) -> None:
    write("Ask Nuria")

    assert not write("Ask Nuria")

    assert len(acts()) == 1


def test_note_that_nobody_saw_is_not_replaced(write: Write, sales_phone: Phone) -> None:
    write("Ask Nuria")

    with pytest.raises(NoteMoved) as moved:
        write("Ask Olga", seen="")

    assert (moved.value.note, moved.value.act) == ("Ask Nuria", acts()[0])
    assert Phone.objects.get(pk=sales_phone.pk).note == "Ask Nuria"
    assert len(acts()) == 1


def test_who_wrote_another_number_is_not_named(
    write: Write, spare_phone: Phone, sales_phone: Phone, labeller: User
) -> None:
    seen = fingerprint_of("")
    write_note(phone=spare_phone, note="Spare", seen=seen, actor=labeller, clock=timezone.now)
    Phone.objects.filter(pk=sales_phone.pk).update(note="By hand in the database")

    with pytest.raises(NoteMoved) as moved:
        write("Ask Olga")

    assert moved.value.act is None
