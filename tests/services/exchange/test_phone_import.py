"""The round trip: what was exported and not edited changes nothing, and what was edited changes just that."""

import io
from uuid import uuid4

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from openpyxl import load_workbook

from phones.diga.types import clean_text
from phones.models import Agent, AgentVersion, Phone, Project
from phones.services.exchange.edited_cells import is_error
from phones.services.exchange.import_columns import is_head
from phones.services.nicknames import one_line
from phones.services.routing.catalogue import Catalogue, catalogue_of
from phones.services.tables.limits import NotATable
from phones.services.tables.read import read_table
from tests.support.database.north import RECEPTION, SALES, STRANGE, add_phone, catalogue, north
from tests.support.files.exports import FORMULAS, book_of, csv_text
from tests.support.files.uploads import MANGLED, draft_of, edited, faults, rewritten, wishes
from tests.support.pages.hostile import HOSTILE

__all__ = ["catalogue", "north"]

pytestmark = pytest.mark.filterwarnings("ignore::UserWarning:openpyxl")
AWKWARD = [
    *FORMULAS,
    *HOSTILE,
    " both ends ",
    "   ",
    "line\nline\r\nline\rline",
    "😀 Ventas ?",
    "a\x85b\u2028c",
    "a\x01b\x0bc\uffff",
    "'",
    "''=",
    "_x000D_",
    "12345678901234567",
    "=a\x01b\r\nc",
]


@pytest.fixture
def awkward(north: Project) -> Project:
    """A project whose nicknames and agents are hard to bring through a spreadsheet, and all pairs of lanes."""
    agent = Agent.objects.create(project=north, name="=Bruno, “v5”\n😀")
    AgentVersion.objects.create(agent=agent, number=5, is_published=True)
    Agent.objects.create(project=north, name="Sin versión")
    lanes = [RECEPTION, SALES, STRANGE, *Agent.objects.values_list("pk", flat=True), None]
    for index, nickname in enumerate([*AWKWARD, None, ""]):
        inbound, outbound = lanes[index % len(lanes)], lanes[index // len(lanes) % len(lanes)]
        number = f"+3495120{index:04d}" if index % 5 else f"ventas{index}@pbx.example.es"
        add_phone(north, number, nickname, note=nickname or "", inbound_agent_id=inbound, outbound_agent_id=outbound)
    return north


@pytest.mark.parametrize("way", MANGLED)
def test_unedited_file_changes_nothing_however_it_was_mangled(awkward: Project, way: str) -> None:
    data = MANGLED[way](csv_text(awkward, catalogue_of(awkward)))

    table = read_table(data, "list.csv", is_head=is_head)
    draft = draft_of(awkward, table)

    assert (draft.rows, draft.noted, draft.problems) == ([], [], [])
    assert len(table.rows) - 2 * (way == "titles and totals") == Phone.objects.count()


def test_unedited_workbook_changes_nothing(awkward: Project) -> None:
    data = book_of(awkward, catalogue_of(awkward)).getvalue()
    book = load_workbook(io.BytesIO(data))
    again = io.BytesIO()
    book.save(again)

    for each in (data, again.getvalue()):
        table = read_table(each, "list.xlsx", is_head=is_head)
        draft = draft_of(awkward, table)

        assert (draft.rows, draft.problems) == ([], [])
        assert len(table.rows) == Phone.objects.count()


nicknames = st.one_of(
    st.none(),
    st.text(max_size=30),
    st.text(st.sampled_from("'=+-@\t\r\n\"',;| aé😀?_x000D_\x01\ufffe0123.E"), max_size=12),
    st.sampled_from(AWKWARD),
).map(lambda text: text if text is None else clean_text(text))


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=40, deadline=None)
@given(st.lists(nicknames, min_size=1, max_size=8), st.sampled_from([*MANGLED, "workbook"]))
@example(["=a\x01b\r\nc", "00951", "1E5", "'=1", "''=1"], "workbook")
def test_any_nickname_comes_through(north: Project, texts: list[str | None], way: str) -> None:
    Phone.objects.all().delete()
    for index, text in enumerate(texts):
        add_phone(north, f"+3495120{index:04d}", text, inbound_agent_id=(RECEPTION, STRANGE, None)[index % 3])
    catalogue = catalogue_of(north)
    data = book_of(north, catalogue).getvalue() if way == "workbook" else MANGLED[way](csv_text(north, catalogue))

    table = read_table(data, "list.csv", is_head=is_head)
    draft = draft_of(north, table)

    assert (draft.rows, draft.noted, draft.problems) == ([], [], [])
    assert len(table.rows) - 2 * (way == "titles and totals") == len(texts)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=40, deadline=None)
@given(nicknames.filter(lambda text: bool(text and one_line(text) and "\ufffd" not in text and not is_error(text))))
def test_nickname_that_is_put_back_by_hand_is_wanted(north: Project, text: str) -> None:
    Phone.objects.all().delete()
    add_phone(north, "+34951201802", text)
    exported = csv_text(north, catalogue_of(north))
    Phone.objects.update(nickname="Other")

    (row,) = draft_of(north, exported).rows

    # As in the form: on one line, without what nobody sees.
    assert row.edit.nickname == one_line(text)


def test_edited_cells_change_their_fields_only(north: Project, catalogue: Catalogue) -> None:
    add_phone(north, "+34951201802", "Ventas", inbound_agent_id=RECEPTION)
    text = csv_text(north, catalogue)

    assert wishes(draft_of(north, edited(text, nickname=" Nuevo "))) == {2: {"nickname": "Nuevo"}}
    assert wishes(draft_of(north, edited(text, nickname=""))) == {2: {"nickname": ""}}
    assert wishes(draft_of(north, edited(text, nickname="'=1+1"))) == {2: {"nickname": "=1+1"}}
    assert wishes(draft_of(north, edited(text, inbound_agent="ñ ventas"))) == {2: {"inbound": "Ñ Ventas v1"}}
    assert wishes(draft_of(north, edited(text, inbound_agent=""))) == {2: {"inbound": None}}
    assert wishes(draft_of(north, edited(text, inbound_agent_id=""))) == {2: {"inbound": None}}
    assert wishes(draft_of(north, edited(text, outbound_agent_id=str(SALES)))) == {2: {"outbound": "Ñ Ventas v1"}}
    assert wishes(draft_of(north, edited(text, inbound_agent="ALICIA recepcion"))) == {
        2: {"inbound": "Alicia Recepción v1"}
    }
    assert wishes(draft_of(north, edited(text, status="released", note="x", provider="y", read_at=""))) == {}
    assert wishes(draft_of(north, edited(text, nickname="a\n b\u200b", outbound_agent="Alicia Recepción v1"))) == {
        2: {"nickname": "a b", "outbound": "Alicia Recepción v1"}
    }


@pytest.mark.parametrize(
    "header",
    [
        "NUMBER,Nickname,Inbound Agent,outbound_agent",
        "Número;Alias;Agente entrante;Agente saliente",
        " numero ;ALIAS;agente  entrante; Agente Saliente ",
        "Teléfono;Apodo;Entrante;Saliente",
        "Phone number,nickname,inbound,outbound",
    ],
)
def test_titles_that_people_write_are_known(north: Project, catalogue: Catalogue, header: str) -> None:
    add_phone(north, "+34951201802", "Ventas", inbound_agent_id=RECEPTION)
    separator = ";" if ";" in header else ","

    text = f"{header}\n" + separator.join(("951 20 18 02", "Nuevo", "", "Ñ Ventas"))

    assert wishes(draft_of(north, text)) == {2: {"nickname": "Nuevo", "inbound": None, "outbound": "Ñ Ventas v1"}}


@pytest.mark.parametrize(
    ("header", "sentence"),
    [
        (
            "nickname,status",
            "There is no column “number” and no column “id”, so nothing says what a row is about. "
            "Line 1 was read as the headings: “nickname”, “status”.",
        ),
        (
            "id,status,provider",
            "No column is one to change: “nickname”, “inbound_agent”, “outbound_agent”, “note” or “tags”. "
            "Line 1 was read as the headings: “id”, “status”, “provider”.",
        ),
        ("number,nickname,Alias", "The columns “nickname” and “Alias” mean the same. Remove one."),
    ],
)
def test_table_without_its_columns_is_refused(north: Project, header: str, sentence: str) -> None:
    with pytest.raises(NotATable) as caught:
        draft_of(north, f"{header}\na,b,c")

    assert str(caught.value) == sentence


@pytest.mark.parametrize(
    "spelling",
    [
        "+34951201802",
        "34951201802",
        "0034 951 20 18 02",
        "951-20-18-02",
        "951201802.0",
        "'+34951201802",
        "+34 951201802",
    ],
)
def test_number_is_known_in_any_spelling(north: Project, catalogue: Catalogue, spelling: str) -> None:
    phone = add_phone(north, "+34951201802", "Ventas")
    add_phone(north, "+34951201803", "Other")

    assert wishes(draft_of(north, f"number,nickname\n{spelling},Nuevo")) == {2: {"nickname": "Nuevo"}}
    assert wishes(draft_of(north, f"id,number,nickname\n{phone.pk},{spelling},Nuevo")) == {2: {"nickname": "Nuevo"}}
    assert wishes(draft_of(north, f"id,number,nickname\n,{spelling},Nuevo")) == {2: {"nickname": "Nuevo"}}


def test_rows_without_a_phone_are_told_with_their_line(north: Project, catalogue: Catalogue) -> None:
    phone = add_phone(north, "+34951201802", "Ventas")
    foreign = add_phone(Project.objects.create(name="South", slug="south"), "+34951201809", "foreign")
    unknown = uuid4()
    rows = [
        ["id", "number", "nickname"],
        [str(foreign.pk), "", "x"],
        ["", foreign.number, "x"],
        [str(unknown), "", "x"],
        ["nonsense", "", "x"],
        ["", "words", "x"],
        ["", "3.49512E+10", "x"],
        ["", "", "x"],
        [str(phone.pk), "+34951201809", "x"],
        [str(phone.pk), "3,49513E+10", "x"],
        [str(phone.pk), "", "first"],
        ["", "951201802", "second"],
    ]

    draft = draft_of(north, rewritten(rows))

    assert faults(draft) == [
        (2, f"No number of this project has the id {foreign.pk}."),
        (3, "“+34951201809” is not a number of this project."),
        (4, f"No number of this project has the id {unknown}."),
        (5, "“nonsense” is no id."),
        (6, "“words” is no phone number."),
        (7, "The spreadsheet rounded the number to 3.49512E+10, and its last digits are lost."),
        (8, "There is neither a number nor an id."),
        (9, "The id is that of +34 951 20 18 02, but the line says “+34951201809”."),
        (10, "The id is that of +34 951 20 18 02, but the line says “3,49513E+10”."),
        (12, "+34 951 20 18 02 is in line 11 already."),
    ]
    assert [(row.phone_id, row.line, row.edit.nickname) for row in draft.rows] == [(phone.pk, 11, "first")]


def test_number_that_was_held_before_is_the_one_that_is_held(north: Project, catalogue: Catalogue) -> None:
    add_phone(north, "+34951201802", "before", status="finished")
    held = add_phone(north, "+34951201802", "now")

    (row,) = draft_of(north, "number,nickname\n951201802,Nuevo").rows
    assert row.phone_id == held.pk

    add_phone(north, "+34951201802", "twice")
    assert faults(draft_of(north, "number,nickname\n951201802,Nuevo")) == [
        (2, "This project has +34 951 20 18 02 several times. Write the id of the one you mean.")
    ]


@pytest.mark.parametrize(
    ("nickname", "cell", "sentence"),
    [
        ("a", "x" * 256, "The alias has more than 255 characters."),
        (
            "a",
            "Recepci\ufffdn",
            "The alias “Recepci\ufffdn” holds characters that were lost when the file was saved.",
        ),
        ("a", "#N/A", "The cell of “nickname” holds an error value, #N/A, and no text."),
    ],
)
def test_nickname_that_was_spoilt_is_told(north: Project, nickname: str, cell: str, sentence: str) -> None:
    add_phone(north, "+34951201802", nickname)

    assert faults(draft_of(north, rewritten([["number", "nickname"], ["951201802", cell]]))) == [(2, sentence)]


@pytest.mark.parametrize(
    ("nickname", "cell"),
    [("00951", "951"), ("1E5", "100000"), ("2.50", "2,5"), ("24/7", "24-jul"), ("TRUE", "VERDADERO")],
)
def test_nickname_that_a_spreadsheet_may_have_changed_is_a_question(north: Project, nickname: str, cell: str) -> None:
    add_phone(north, "+34951201802", nickname)

    draft = draft_of(north, rewritten([["number", "nickname"], ["951201802", cell]]))

    assert wishes(draft) == {2: {"nickname": cell}}
    assert [row.look for row in draft.rows] == ["by_itself"]


def test_nickname_of_digits_that_was_rounded_is_left_alone(north: Project) -> None:
    add_phone(north, "+34951201802", "12345678901234567")

    assert wishes(draft_of(north, "number;nickname\n951201802;1,23457E+16")) == {}
    assert wishes(draft_of(north, "number;nickname\n951201802;1,23458E+16")) == {2: {"nickname": "1,23458E+16"}}


def test_line_that_is_cut_or_torn_is_told(north: Project, catalogue: Catalogue) -> None:
    for index in range(4):
        add_phone(north, f"+3495120180{index}", "Ventas", inbound_agent_id=None if index == 3 else RECEPTION)
    text = (
        "number,nickname,Inbound agent\n951201800,Nuevo\n951201801,Ventas, Bilbao,\n951201802,a,b,c\n951201803,Nuevo\n"
    )

    draft = draft_of(north, text)

    torn = "The line has more cells than the header: a text with a separator in it needs quotation marks."
    assert faults(draft) == [
        (2, "The line ends before the column “Inbound agent”. To remove what is there, leave its cell empty."),
        (3, "No agent of this project is called “Bilbao”."),
        (4, torn),
    ]
    assert [(row.line, row.edit.fields) for row in draft.rows] == [(5, ("nickname",))]
