"""Files as support staff really have them, against the demo's clinics: what each means, or the true sentence."""

import time
import uuid
from pathlib import Path
from typing import Any

import pytest

from phones.models import Phone, Project
from phones.services.exchange.import_columns import is_head
from phones.services.exchange.phone_import import draft_from_table
from phones.services.plans.drafts import Draft
from phones.services.routing.catalogue import catalogue_of
from phones.services.routing.lanes import Target
from phones.services.tables.read import SheetsToChoose, read_table

CASES = Path(__file__).resolve().parents[3] / "tests/data/cases"


def draft_of(project: Project, name: str, **read: str) -> Draft:
    table = read_table((CASES / name).read_bytes(), name, is_head=is_head, **read)
    catalogue = catalogue_of(project)
    return draft_from_table(project=project, table=table, catalogue=catalogue, can_label=True, can_route=True)


def wanted(draft: Draft) -> dict[str, dict[str, Any]]:
    """Return what is wanted by number, an agent by its name."""
    numbers = dict(Phone.objects.values_list("pk", "number"))
    return {
        numbers[row.phone_id]: {
            name: value.agent.name if isinstance(value := getattr(row.edit, name), Target) else value
            for name in row.edit.fields
        }
        for row in draft.rows
    }


def hold(project: Project, number: str, nickname: str | None, **more: Any) -> None:
    """Let the project have a number that the demo has, and the small stand-in of tests has not."""
    if Phone.objects.filter(project=project, number=number).update(nickname=nickname):
        return
    phone = Phone.objects.filter(project=project, status="assigned").order_by("number")[0]
    values = {"pk": uuid.uuid4(), "number": number, "nickname": nickname, "digits": number.removeprefix("+")} | more
    for name, value in values.items():
        setattr(phone, name, value)
    phone.save(force_insert=True)


def problems(draft: Draft) -> list[tuple[int, str]]:
    return [(problem.line, problem.text) for problem in draft.problems]


def test_error_value_is_no_nickname(aurora: Project) -> None:
    draft = draft_of(aurora, "i01-vlookup-na.xlsx")

    assert draft.rows == []
    assert problems(draft) == [(2, "The cell of “nickname” holds an error value, #N/A, and no text.")]


def test_merged_agent_counts_for_all_its_rows(aurora: Project) -> None:
    draft = draft_of(aurora, "i03-merged-agent.xlsx")

    assert problems(draft) == []
    # The third number has this agent already.
    assert wanted(draft) == {number: {"inbound": "Bruno · Ventas"} for number in ("+34951201802", "+34951358306")}


def test_untouched_file_of_an_old_mac_changes_nothing(aurora: Project) -> None:
    for line in (CASES / "i04-macroman-untouched.csv").read_bytes().decode("mac_roman").split("\r")[1:]:
        if line and not Phone.objects.filter(pk=(pk := line.split(";")[0])).exists():
            hold(aurora, *line.split(";")[1:], pk=uuid.UUID(pk))

    draft = draft_of(aurora, "i04-macroman-untouched.csv")

    assert (draft.rows, draft.problems) == ([], [])
    assert {"code": "encoding", "name": "MacRoman"} in draft.notes


def test_nickname_with_a_line_break_is_one_line(aurora: Project) -> None:
    hold(aurora, "+34951457340", "Sala sur")

    assert wanted(draft_of(aurora, "i08-newline-nick.csv")) == {"+34951457340": {"nickname": "Sala norte"}}


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("i09-exact-exponent.csv", {"+34951201802": "Nuevo", "+34951358306": "Nuevo 2"}),
        ("i10-enumerated-cell.csv", {"+34951201802": "Nuevo"}),
        ("i16-foreign-id.csv", {"+34951201802": "Nuevo"}),
        ("i18-nfd.csv", {}),
    ],
)
def test_numbers_and_names_are_read_as_they_are_meant(aurora: Project, name: str, expected: dict[str, str]) -> None:
    draft = draft_of(aurora, name)

    assert problems(draft) == []
    assert {number: fields["nickname"] for number, fields in wanted(draft).items()} == expected


def test_ids_of_another_system_are_told_once(aurora: Project) -> None:
    assert {"code": "foreign_ids", "column": "id"} in draft_of(aurora, "i16-foreign-id.csv").notes


def test_two_sheets_that_differ_are_a_choice(aurora: Project) -> None:
    with pytest.raises(SheetsToChoose) as several:
        draft_of(aurora, "i12-edited-copy-of-sheet.xlsx")

    assert several.value.names == ["phones", "phones (2)"]
    first = draft_of(aurora, "i12-edited-copy-of-sheet.xlsx", sheet="phones")
    second = draft_of(aurora, "i12-edited-copy-of-sheet.xlsx", sheet="phones (2)")
    assert (wanted(first), wanted(second)) == ({}, {"+34951201802": {"nickname": "EDITADO"}})
    assert {"code": "sheet", "name": "phones (2)"} in second.notes


def test_what_a_spreadsheet_made_of_nicknames_is_a_question(aurora: Project) -> None:
    nicknames = ["24/7", "9-14", "1/2", "MAR 5", "8:30", "1.000"]
    lines = (CASES / "excel-dates.csv").read_text().splitlines()[1:]
    for line, nickname in zip(lines, nicknames, strict=True):
        hold(aurora, line.partition(";")[0], nickname)

    draft = draft_of(aurora, "excel-dates.csv")

    assert draft.problems == []
    assert [row.look for row in draft.rows] == ["by_itself"] * len(lines)


def test_formula_without_its_result_is_refused_by_name(aurora: Project) -> None:
    hold(aurora, "+34900009314", "Citas")

    draft = draft_of(aurora, "formula-openpyxl.xlsx")

    sentence = "The cell of “{}” holds a formula without its result. Open and save the file in a spreadsheet."
    assert draft.rows == []
    assert problems(draft) == [(2, sentence.format("nickname")), (2, sentence.format("inbound_agent"))]


def test_question_marks_for_lost_letters_take_no_time(aurora: Project) -> None:
    text = (CASES / "redos-ansi-question-marks.csv").read_text()
    hold(aurora, "+34924454248", "新" * text.count("?"))

    started = time.perf_counter()
    draft = draft_of(aurora, "redos-ansi-question-marks.csv")

    assert (draft.rows, draft.problems) == ([], [])
    assert time.perf_counter() - started < 5
