"""Who answers, in both languages: each kind has its sentence."""

from datetime import UTC, datetime
from uuid import UUID

import pytest
from django.utils import translation

from phones.services.answering.who import Answering, Kind
from phones.services.routing.catalogue import AgentEntry, VersionEntry
from phones.wording.phones.answering import words_for_answering

LIVE = VersionEntry(UUID(int=2), 5, "", is_published=True, is_draft=False)
ALICIA = AgentEntry(UUID(int=1), "Alicia", True, (LIVE,))
NOW, DAY = datetime(2026, 12, 1, 10, tzinfo=UTC), datetime(2026, 12, 12, 11, tzinfo=UTC)
NOBODY, NADIE = "Calls to this number reach nobody", "Las llamadas a este número no llegan a nadie"

SENTENCES = [
    (Answering(Kind.ANSWERED, ALICIA, LIVE), "Alicia v5 answers.", "Atiende Alicia v5."),
    (
        Answering(Kind.ANSWERED, ALICIA, LIVE, DAY),
        "Alicia v5 answers until the number is given back on 12 Dec.",
        "Atiende Alicia v5 hasta que el número se dé de baja el 12 dic.",
    ),
    (
        Answering(Kind.ANSWERED, ALICIA, LIVE, NOW),
        "Alicia v5 answers until the number is given back today at 11:00.",
        "Atiende Alicia v5 hasta que el número se dé de baja hoy a las 11:00.",
    ),
    (
        Answering(Kind.CHECKING, ALICIA),
        "Alicia answers. Which version is being checked.",
        "Atiende Alicia. Se está comprobando con qué versión.",
    ),
    (Answering(Kind.UNASSIGNED), f"{NOBODY}: no agent answers it.", f"{NADIE}: ningún agente lo atiende."),
    (
        Answering(Kind.UNPUBLISHED, ALICIA),
        f"{NOBODY}: Alicia has no published version.",
        f"{NADIE}: Alicia no tiene ninguna versión publicada.",
    ),
    (
        Answering(Kind.NO_MINUTES, ALICIA, LIVE),
        f"{NOBODY}: the minutes of the plan are used up.",
        f"{NADIE}: se han agotado los minutos del plan.",
    ),
    (
        Answering(Kind.UNKNOWN_AGENT),
        "Who answers is not known: the number has an agent that Diga does not list.",
        "No se sabe quién atiende: el número tiene un agente que Diga no lista.",
    ),
    (
        Answering(Kind.AGENTS_UNREAD),
        "Who answers is not known: the agents were not read yet.",
        "No se sabe quién atiende: aún no se han leído los agentes.",
    ),
    (
        Answering(Kind.RESERVED),
        f"{NOBODY} yet: it is reserved and not active.",
        "Las llamadas a este número aún no llegan a nadie: está reservado y no está activo.",
    ),
    (
        Answering(Kind.PENDING_VERIFICATION),
        f"{NOBODY} yet: Diga is still verifying it.",
        "Las llamadas a este número aún no llegan a nadie: Diga todavía lo está verificando.",
    ),
    (
        Answering(Kind.GIVEN_BACK, ends_at=DAY),
        f"{NOBODY}: it was given back on 12 Dec.",
        f"{NADIE}: se dio de baja el 12 dic.",
    ),
    (Answering(Kind.GIVEN_BACK), f"{NOBODY}: it was given back.", f"{NADIE}: se dio de baja."),
    (
        Answering(Kind.FINISHED),
        f"{NOBODY}: it no longer belongs to the project.",
        f"{NADIE}: ya no pertenece al proyecto.",
    ),
    (
        Answering(Kind.MISSING),
        "Calls to this number reach none of your agents: Diga does not know it any more.",
        "Las llamadas a este número no llegan a ninguno de tus agentes: Diga ya no lo conoce.",
    ),
    (
        Answering(Kind.UNKNOWN_STATUS, status="ported"),
        "Who answers is not known: Diga reports the status “ported”.",
        "No se sabe quién atiende: Diga indica el estado “ported”.",
    ),
]


@pytest.mark.parametrize(("answering", "english", "spanish"), SENTENCES, ids=lambda value: str(value)[:40])
def test_sentence_in_both_languages(answering: Answering, english: str, spanish: str) -> None:
    with translation.override("en"):
        told = words_for_answering(answering, NOW).text
    with translation.override("es"):
        dicho = words_for_answering(answering, NOW).text

    assert (told, dicho) == (english, spanish)


def test_every_kind_has_its_sentence() -> None:
    assert {answering.kind for answering, _english, _spanish in SENTENCES} == set(Kind)
