"""Invented tickets against their truth: numbers, agent, reference, and what has to be asked."""

import tomllib
import uuid
from pathlib import Path
from typing import Any

import pytest

from phones.diga.sandbox.names import AURORA_AGENTS
from phones.services.number_reader.reader import read_paste
from phones.services.routing.catalogue import AgentEntry, Catalogue, VersionEntry
from phones.services.routing.lanes import Target
from phones.services.tickets.patterns import Doubt
from phones.services.tickets.reading import is_ask, read_ticket

TICKETS: list[dict[str, Any]] = tomllib.loads(
    (Path(__file__).resolve().parents[2] / "data/tickets/tickets.toml").read_text()
)["ticket"]


def _agent(name: str, count: int, published: int | None) -> AgentEntry:
    versions = tuple(
        VersionEntry(uuid.uuid4(), number, "", number == published, is_draft=False) for number in range(count, 0, -1)
    )
    return AgentEntry(uuid.uuid4(), name, True, versions)


def _catalogue(*agents: tuple[str | None, int, int | None]) -> Catalogue:
    return Catalogue.of(_agent(name or "", count, published) for name, count, published in agents)


AURORA = _catalogue(*AURORA_AGENTS)


def _label(target: Target | None) -> str:
    return f"{target.agent.name} {target.version.label}" if target else ""


@pytest.mark.parametrize("truth", TICKETS, ids=[truth["text"].strip()[:40] for truth in TICKETS])
def test_ticket_is_read_as_it_is_meant(truth: dict[str, Any]) -> None:
    ticket = read_ticket(truth["text"], AURORA)

    named = [
        each.keys[0] if each.keys else each.sip
        for each in read_paste(truth["text"]).candidates
        if each.is_sure or each.sip
    ]
    assert [str(doubt) for doubt in ticket.doubts] == truth.get("doubts", [])
    assert _label(ticket.target) == truth.get("agent", "")
    assert ticket.reference == truth["reference"]
    assert [_label(choice) for choice in ticket.choices] == truth.get("choices", [])
    assert named == truth["numbers"]
    assert is_ask(truth["text"], AURORA)


def test_there_are_twenty_tickets_without_a_doubt() -> None:
    assert sum("doubts" not in truth for truth in TICKETS) == 20


def test_name_of_two_agents_is_asked() -> None:
    catalogue = _catalogue(("Alicia · Recepción", 2, 2), ("Alicia · Citas", 3, 1))

    ticket = read_ticket("Pasad el 910285318 a Alicia", catalogue)

    assert ticket.doubts == (Doubt.WHICH_AGENT,)
    assert [_label(choice) for choice in ticket.choices] == ["Alicia · Citas v1", "Alicia · Recepción v2"]
    assert _label(read_ticket("Pasad el 910285318 a Alicia Citas", catalogue).target) == "Alicia · Citas v1"


def test_answer_of_the_person_settles_which_agent_alone() -> None:
    carla = AURORA.offered[2]
    chosen = Target(carla, carla.versions[0])

    assert read_ticket("He hablado con Carla del 910285318", AURORA, chosen=chosen).doubts == ()
    assert read_ticket("Hasta el lunes, el 910285318", AURORA, chosen=chosen).doubts == (Doubt.LATER,)


@pytest.mark.parametrize("text", ["910285318, 951201802", "El cliente llama al 910285318", "Ventas 951441246 y Citas"])
def test_text_that_asks_for_nothing_is_only_looked_up(text: str) -> None:
    without = _catalogue(("Óscar", 1, 1))

    assert not is_ask(text, without)
