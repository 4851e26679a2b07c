"""What the three cells of an agent mean that somebody edited: whichever they edited, and in every combination."""

from itertools import product
from uuid import UUID

import pytest

from phones import diga
from phones.services.exchange.agent_names import AgentNames
from phones.services.exchange.edited_cells import NotUnderstood
from phones.services.exchange.lane_cells import LaneCells, wanted_lane
from phones.services.routing.catalogue import AgentEntry, Catalogue, VersionEntry
from phones.services.routing.lanes import Target

ALICIA, BRUNO, UNLISTED, ONE, TWO, TWINS, DRAFT, STRANGE = (UUID(int=number << 8) for number in range(1, 9))
TWIN = UUID(int=99 << 8)


def agent(pk: UUID, name: str, *versions: int, live: int = 0, draft: int = 0, is_listed: bool = True) -> AgentEntry:
    """Return an agent; the id of a version is that of its agent plus its number."""
    entries = [
        VersionEntry(UUID(int=pk.int + number), number, "", number == live, number == draft)
        for number in sorted(versions, reverse=True)
    ]
    return AgentEntry(pk, name, is_listed, tuple(entries))


CATALOGUE = Catalogue.of(
    [
        agent(ALICIA, "Alicia Recepción", 1, 2, 3, live=1, draft=3),
        agent(BRUNO, "Bruno", 1, 3, live=3),
        agent(UNLISTED, "Old", 1, live=1, is_listed=False),
        agent(ONE, "One saved", 4, 5, draft=5),
        agent(TWO, "Two v2", 3, 4),
        agent(TWINS, "Gemelos", 1, live=1),
        agent(TWIN, "Gemelos", 2, live=2),
        agent(UUID(int=98 << 8), "Bruno", 7, live=7, is_listed=False),
        agent(DRAFT, "Borrador", 1, draft=1),
    ]
)
NAMES = AgentNames(CATALOGUE)
EXPORTED = LaneCells("Alicia Recepción", str(ALICIA), "v1")
KEEP, NONE = "keep", "none"


def said(name: str | None = None, pk: object = None, version: str | None = None, *, now: LaneCells = EXPORTED) -> str:
    """Return what becomes of a lane if these cells are edited, and all others are left as they were exported."""
    cells = LaneCells(
        now.agent if name is None else name,
        now.id if pk is None else str(pk),
        now.version if version is None else version,
    )
    return wanted(cells, now)


def wanted(cells: LaneCells, now: LaneCells = EXPORTED) -> str:
    target = wanted_lane(cells=cells, exported=now, agent_id=UUID(now.id) if now.id else None, names=NAMES)
    if isinstance(target, Target):
        return f"{target.agent.name} {target.version.label}"
    return NONE if target is None else KEEP


def fault(name: str | None = None, pk: object = None, version: str | None = None, now: LaneCells = EXPORTED) -> str:
    with pytest.raises(NotUnderstood) as caught:
        said(name, pk, version, now=now)
    return str(caught.value)


def version_id(agent_id: UUID, number: int) -> UUID:
    return UUID(int=agent_id.int + number)


def test_cells_that_were_left_alone_say_nothing() -> None:
    for kept in product([True, False], repeat=3):
        cells = [
            text if is_kept else None
            for text, is_kept in zip((EXPORTED.agent, EXPORTED.id, EXPORTED.version), kept, strict=True)
        ]
        assert wanted(LaneCells(*cells)) == KEEP


@pytest.mark.parametrize(
    ("name", "pk", "version"),
    [
        (" Alicia Recepción ", None, None),
        (None, str(ALICIA).upper(), None),
        (None, ALICIA.hex, None),
        (None, None, "1"),
        (None, None, "V1"),
        (None, None, " 1.0"),
    ],
)
def test_other_spellings_of_the_same_say_nothing(name: str | None, pk: str | None, version: str | None) -> None:
    assert said(name, pk, version) == KEEP


@pytest.mark.parametrize(
    ("name", "pk", "version", "becomes"),
    [
        # One cell.
        ("Bruno", None, None, "Bruno v3"),
        ("bruno", None, None, "Bruno v3"),
        ("BRÚNO", None, None, "Bruno v3"),
        ("Bruno v1", None, None, "Bruno v1"),
        ("Bruno · v1", None, None, "Bruno v1"),
        ("bruno (v1)", None, None, "Bruno v1"),
        ("Bruno, V3", None, None, "Bruno v3"),
        (BRUNO, None, None, "Bruno v3"),
        (version_id(BRUNO, 1), None, None, "Bruno v1"),
        ("Two v2 v4", None, None, "Two v2 v4"),
        ("One saved", None, None, "One saved v4"),
        ("alicia recepcion", None, None, "Alicia Recepción v1"),
        ("Alicia Recepción v2", None, None, "Alicia Recepción v2"),
        (None, BRUNO, None, "Bruno v3"),
        (None, version_id(BRUNO, 1), None, "Bruno v1"),
        (None, None, "v2", "Alicia Recepción v2"),
        (None, None, "2", "Alicia Recepción v2"),
        (None, None, "2.0", "Alicia Recepción v2"),
        (None, None, version_id(ALICIA, 2), "Alicia Recepción v2"),
        (None, None, "", "Alicia Recepción v1"),
        ("", None, None, NONE),
        (None, "", None, NONE),
        # Several.
        ("", "", None, NONE),
        ("", "", "", NONE),
        ("", None, "", NONE),
        ("Bruno", "", "", "Bruno v3"),
        ("Bruno", None, "", "Bruno v3"),
        ("", BRUNO, "", "Bruno v3"),
        ("Bruno", BRUNO, "", "Bruno v3"),
        ("Bruno", None, "v3", "Bruno v3"),
        ("Bruno v3", None, "v3", "Bruno v3"),
        ("Bruno v1", BRUNO, None, "Bruno v1"),
        ("Bruno", version_id(BRUNO, 1), None, "Bruno v1"),
        ("Gemelos", TWIN, "", "Gemelos v2"),
        (None, BRUNO, "v3", "Bruno v3"),
    ],
)
def test_edit_does_what_it_says(name: object, pk: object, version: object, becomes: str) -> None:
    texts = [None if each is None else str(each) for each in (name, version)]

    assert said(texts[0], pk, texts[1]) == becomes


@pytest.mark.parametrize(
    ("name", "pk", "version", "sentence"),
    [
        ("Brumo", None, None, "No agent of this project is called “Brumo”. The closest is “Bruno”."),
        ("Brumo v3", None, None, "No agent of this project is called “Brumo”. The closest is “Bruno”."),
        ("zzzzzz", None, None, "No agent of this project is called “zzzzzz”."),
        ("Bruno v2", None, None, "“Bruno” has no version “2”. It has v3, v1."),
        (STRANGE, None, None, f"No agent of this project has the id {STRANGE}."),
        (
            "gemelos",
            None,
            None,
            f"Several agents are called “gemelos”. Write the id of the one you mean: {TWINS} (v1), {TWIN} (v2).",
        ),
        ("Old", None, None, "“Old” is no longer in Diga."),
        ("Two v2", None, None, "“Two v2” has no published version. Say which you mean: v4, v3."),
        ("Borrador", None, None, "“Borrador” has only a draft, and no number may have that."),
        ("Alicia Recepción v3", None, None, "v3 of “Alicia Recepción” is a draft, and no number may have that."),
        (None, "Bruno", None, "“Bruno” is no id."),
        (None, STRANGE, None, f"No agent of this project has the id {STRANGE}."),
        (None, UNLISTED, None, "“Old” is no longer in Diga."),
        (None, version_id(ONE, 5), None, "v5 of “One saved” is a draft, and no number may have that."),
        (None, None, "v9", "“Alicia Recepción” has no version “v9”. It has v2, v1."),
        (None, None, "new", "“Alicia Recepción” has no version “new”. It has v2, v1."),
        ("", None, "v2", "The agent is emptied, but a version is given: “v2”."),
        ("Bruno", TWIN, None, "The line names two agents: the id is that of “Gemelos”, and the name is “Bruno”."),
        ("Bruno v1", None, "v3", "The line names two versions: v1 and v3."),
        ("Bruno v1", version_id(BRUNO, 3), None, "The line names two versions: v3 and v1."),
    ],
)
def test_what_is_not_clear_is_told(name: object, pk: object, version: str | None, sentence: str) -> None:
    assert fault(None if name is None else str(name), pk, version) == sentence


def test_lane_without_an_agent_is_given_one() -> None:
    now = LaneCells("", "", "")

    assert said(now=now) == KEEP
    assert said("Bruno", now=now) == "Bruno v3"
    assert said("Bruno", version="v1", now=now) == "Bruno v1"
    assert said(pk=BRUNO, version="1", now=now) == "Bruno v1"
    assert said(version=str(version_id(BRUNO, 1)), now=now) == "Bruno v1"
    assert fault(version="v1", now=now) == "The line names a version, “v1”, but no agent."


def test_agent_that_we_dont_know_can_be_kept_replaced_and_unassigned() -> None:
    now = LaneCells("", str(STRANGE), "")

    assert said(now=now) == KEEP
    assert wanted(LaneCells("", None, None), now) == KEEP
    assert said("Bruno", now=now) == "Bruno v3"
    assert said(pk="", now=now) == NONE
    assert fault(version="v2", now=now) == "The line names a version, “v2”, but no agent."


def test_version_beside_a_new_agent_may_be_meant_for_it() -> None:
    told = (
        "The line says v1, but “Bruno” has v3 published. Say which you mean: "
        "write “Bruno v1” or “Bruno v3” as its name."
    )
    cells = [LaneCells("Bruno", None, "v1"), LaneCells(None, str(BRUNO), "v1"), LaneCells("Bruno", str(BRUNO), "v1")]
    cells.append(LaneCells("Bruno", "", "v1"))

    for each in cells:
        with pytest.raises(NotUnderstood, match="The line says v1") as caught:
            wanted(each)
        assert str(caught.value) == told
    # Here the version is shown to be the old agent's, by its id or its name.
    assert wanted(LaneCells("Bruno", str(ALICIA), "v1")) == "Bruno v3"
    assert wanted(LaneCells("Alicia Recepción", str(BRUNO), "v1")) == "Bruno v3"
    # And here it makes no difference.
    assert wanted(LaneCells("Gemelos", str(TWINS), "v1")) == "Gemelos v1"


def test_agent_whose_name_looks_like_a_formula_is_found() -> None:
    names = AgentNames(Catalogue.of([agent(BRUNO, "=Bruno", 1, live=1)]))

    for cell in ("=Bruno", "'=Bruno"):
        target = wanted_lane(cells=LaneCells(cell, None, None), exported=EXPORTED, agent_id=ALICIA, names=names)
        assert isinstance(target, Target)
        assert target.agent.name == "=Bruno"


def test_unset_is_not_none() -> None:
    assert wanted_lane(cells=EXPORTED, exported=EXPORTED, agent_id=ALICIA, names=NAMES) is diga.UNSET
