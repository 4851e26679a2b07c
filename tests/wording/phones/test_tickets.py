"""A change as a sentence for a ticket: everything in it, in one line, in the person's language."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.utils import translation
from hypothesis import given
from hypothesis import strategies as st

from phones.models import Change, Outcome, Source
from phones.wording.phones.tickets import ticket_sentence
from tests.support.database.history import lane

URL = "https://desk.example.com/projects/aurora/changes/12/"
THEN = datetime(2026, 3, 29, 0, 59, 58, tzinfo=UTC)


def change(**values: Any) -> Change:
    """Return a change that Diga confirmed, unless `values` say otherwise."""
    known: dict[str, Any] = {
        "number": "+34 951 44 12 46",
        "source": Source.FORM,
        "actor_name": "Lola Ruiz",
        "before": {"inbound": lane("Bruno · Ventas", 2)},
        "after": {"inbound": lane("Alicia · Recepción", 5)},
        "outcome": Outcome.CONFIRMED,
        "created_at": THEN,
    }
    return Change(**(known | values))


def test_sentence_holds_everything() -> None:
    text = ticket_sentence(change(reason="Obras.", ticket="SUP-7"), url=URL)

    assert text == (
        "Lola Ruiz changed +34 951 44 12 46 on 2026-03-29T01:59:58+01:00: inbound agent from “Bruno · Ventas” v2 to"
        f" “Alicia · Recepción” v5. Confirmed by Diga. Reason: Obras. Ticket: SUP-7. {URL}"
    )


@pytest.mark.parametrize(
    ("outcome", "end"),
    [
        (Outcome.REFUSED, "Diga refused; nothing was changed."),
        (Outcome.FAILED, "A minute after sending, Diga had not applied it."),
        (Outcome.UNKNOWN, "Whether Diga applied it is not known."),
        (Outcome.PENDING, "Diga has not answered yet."),
    ],
)
def test_sentence_never_says_changed_where_that_is_not_sure(outcome: Outcome, end: str) -> None:
    text = ticket_sentence(change(outcome=outcome), url=URL)

    assert text.startswith("Lola Ruiz tried to change +34 951 44 12 46 on ")
    assert text.endswith(f" {end} {URL}")


def test_sentence_says_what_diga_stored_instead() -> None:
    other = change(outcome=Outcome.MISMATCH, stored={"inbound": lane("Carla 100 %", 4)})

    assert "Diga stored something else: “Carla 100 %” v4." in ticket_sentence(other, url=URL)


def test_sentence_of_a_change_outside_names_no_person() -> None:
    seen = change(
        source=Source.OUTSIDE,
        outcome=Outcome.OBSERVED,
        actor_name="",
        before={"nickname": None, "status": "reserved"},
        after={"nickname": "Ventas", "status": "assigned"},
        seen_from=THEN - timedelta(minutes=15),
    )

    assert ticket_sentence(seen, url=URL) == (
        "+34 951 44 12 46 was changed outside this desk between 2026-03-29T01:44:58+01:00 and"
        " 2026-03-29T01:59:58+01:00: alias from no alias to “Ventas”; status from “reserved” to “assigned”."
        f" {URL}"
    )


def test_sentence_is_spanish_for_somebody_who_reads_spanish(fresh_spanish: None) -> None:
    routed = change(
        before={"nickname": None, "inbound": lane("Bruno · Ventas", 2), "outbound": lane("Carla · Citas", 4)},
        after={"nickname": "Citas", "inbound": lane("Alicia · Recepción", 5), "outbound": None},
        reason="Obras.",
        ticket="SUP-7",
    )

    with translation.override("es"):
        text = ticket_sentence(routed, url=URL)

    assert text == (
        "Lola Ruiz cambió +34 951 44 12 46 el 2026-03-29T01:59:58+01:00: alias (antes sin alias, después “Citas”);"
        " agente entrante (antes “Bruno · Ventas” v2, después “Alicia · Recepción” v5);"
        " agente saliente (antes “Carla · Citas” v4, después sin agente)."
        f" Confirmado por Diga. Motivo: Obras. Ticket: SUP-7. {URL}"
    )


@pytest.mark.parametrize(
    ("values", "start", "end"),
    [
        (
            {"outcome": Outcome.REFUSED},
            "Lola Ruiz intentó cambiar +34 951 44 12 46 el ",
            "Diga lo rechazó; no se cambió nada.",
        ),
        (
            {"outcome": Outcome.FAILED},
            "Lola Ruiz intentó cambiar ",
            "Un minuto después de enviarlo, Diga no lo había aplicado.",
        ),
        ({"outcome": Outcome.UNKNOWN}, "Lola Ruiz intentó cambiar ", "No se sabe si Diga lo aplicó."),
        ({"outcome": Outcome.PENDING}, "Lola Ruiz intentó cambiar ", "Diga aún no ha respondido."),
        (
            {"outcome": Outcome.MISMATCH, "stored": {"inbound": None}},
            "Lola Ruiz intentó cambiar ",
            "Diga guardó otra cosa: sin agente.",
        ),
        (
            {"outcome": Outcome.OBSERVED, "seen_from": THEN - timedelta(minutes=15)},
            "+34 951 44 12 46 se cambió fuera de este panel entre el 2026-03-29T01:44:58+01:00 y el 2026-03-29T01:59",
            "después “Alicia · Recepción” v5).",
        ),
        (
            {"outcome": Outcome.OBSERVED, "seen_from": None},
            "+34 951 44 12 46 se cambió fuera de este panel antes del 2026-03-29T01:59:58+01:00: ",
            "después “Alicia · Recepción” v5).",
        ),
    ],
)
def test_spanish_sentence_is_as_careful(values: dict[str, Any], start: str, end: str, fresh_spanish: None) -> None:
    with translation.override("es"):
        text = ticket_sentence(change(**values), url=URL)

    assert text.startswith(start)
    assert text.endswith(f" {end} {URL}")


@given(text=st.text(), number=st.integers() | st.none())
def test_sentence_is_one_line_and_keeps_its_address_whatever_people_typed(text: str, number: int | None) -> None:
    for outcome in Outcome:
        odd = change(
            outcome=outcome,
            actor_name=text,
            reason=text,
            ticket=text,
            before={"nickname": text, "outbound": None},
            after={"nickname": text, "outbound": lane(text, number)},
            stored={"nickname": text},
            seen_from=THEN,
        )
        sentence = ticket_sentence(odd, url=URL)
        assert len(sentence.splitlines()) == 1
        assert sentence.endswith(f" {URL}")
