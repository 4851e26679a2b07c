"""Uploading an edited export: a plan comes of it, or every line is explained and what was typed is kept."""

import csv
import io
from collections.abc import Callable
from pathlib import Path

import pytest
from django.contrib.auth.models import User
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from phones.diga.sandbox import Sandbox
from phones.models import Phone, Plan, PlanItem, PlanKind, Upload
from phones.views.parts.permalinks import plan_page_url
from phones.views.plans import upload as plans_upload
from tests.support.pages.hostile import HOSTILE, harmless
from tests.support.pages.pages import Answer, find, has, read, texts, values_of, words
from tests.support.pages.skeletons import skeleton

UPLOAD = "/projects/aurora/plans/import/"
EXPORT = "/projects/aurora/phones/export.csv"


@pytest.fixture
def client(client_of: Callable[[User], Client], lead: User) -> Client:
    """The browser of somebody who may change many numbers."""
    return client_of(lead)


def exported(client: Client) -> list[dict[str, str]]:
    """Return the rows of the list's CSV."""
    content = b"".join(client.get(EXPORT).streaming_content).decode("utf-8-sig")  # type: ignore[attr-defined]
    return list(csv.DictReader(io.StringIO(content)))


def as_file(rows: list[dict[str, str]], name: str = "phones.csv") -> SimpleUploadedFile:
    text = io.StringIO()
    writer = csv.DictWriter(text, list(rows[0]))
    writer.writeheader()
    writer.writerows(rows)
    return SimpleUploadedFile(name, text.getvalue().encode())


def upload(client: Client, file: SimpleUploadedFile | None, **typed: str) -> Answer:
    """Open the form and send it with a file."""
    values = values_of(find(read(client.get(UPLOAD)), "upload"))
    del values["file"]
    sent = values | {"reason": "From the sheet", "ticket": "T-1"} | typed
    return client.post(UPLOAD, sent | ({"file": file} if file else {}))


def problems_in(response: Answer) -> list[str]:
    return texts(read(response), "//section[@id='findings']//li")


def test_edited_file_becomes_a_plan(client: Client, lead: User, sandbox: Sandbox, sales_phone: Phone) -> None:
    rows = exported(client)
    (row,) = [row for row in rows if row["id"] == str(sales_phone.pk)]
    row |= {"nickname": "Ventas Málaga", "outbound_agent": "", "outbound_agent_id": "", "outbound_version": ""}
    writes = [received for received in sandbox.journal if received.method != "GET"]

    response = upload(client, as_file(rows))

    plan = Plan.objects.get()
    assert (response.status_code, response["Location"]) == (302, plan_page_url(plan, "aurora"))
    assert (plan.kind, plan.author, plan.reason, plan.ticket) == (PlanKind.IMPORT, lead, "From the sheet", "T-1")
    item = PlanItem.objects.get()
    assert (item.phone, item.line, item.after) == (
        sales_phone,
        rows.index(row) + 2,
        {"nickname": "Ventas Málaga", "outbound": None},
    )
    assert [received for received in sandbox.journal if received.method != "GET"] == writes


def test_lines_with_problems_are_kept_beside_the_rest(client: Client, sales_phone: Phone) -> None:
    rows = [
        {"number": sales_phone.number, "nickname": "Ventas Málaga"},
        {"number": "+34999999999", "nickname": "Nobody"},
    ]

    response = upload(client, as_file(rows))

    plan = Plan.objects.get()
    assert response.status_code == 302
    assert [problem["line"] for problem in plan.problems] == [3]
    assert PlanItem.objects.get().line == 2


def test_file_of_which_nothing_can_be_used_is_explained_line_by_line(client: Client) -> None:
    rows = [{"number": f"+3499999999{place}", "nickname": "x"} for place in range(3)]

    response = upload(client, as_file(rows))

    assert response.status_code == 422
    assert [line.split(" ", 2)[:2] for line in problems_in(response)] == [["Line", str(line)] for line in (2, 3, 4)]
    assert words(find(read(response), "findings-title")) == "Nothing can be changed: 3 lines have a problem"
    kept = values_of(find(read(response), "upload"))
    assert (kept["reason"], kept["ticket"]) == ("From the sheet", "T-1")
    assert not Plan.objects.exists()


def test_very_many_problems_are_counted(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(plans_upload, "PROBLEMS_SHOWN", 2)
    rows = [{"number": f"+3499999999{place}", "nickname": "x"} for place in range(5)]

    response = upload(client, as_file(rows))

    assert len(problems_in(response)) == 2
    assert texts(read(response), "//section[@id='findings']//p") == ["and 3 more"]
    assert words(find(read(response), "findings-title")) == "Nothing can be changed: 5 lines have a problem"


def test_file_that_was_not_edited_says_so(client: Client) -> None:
    response = upload(client, as_file(exported(client)))

    assert response.status_code == 422
    assert words(find(read(response), "findings-title")) == "Nothing is changed in the 40 lines of this file"
    assert not Plan.objects.exists()


@pytest.mark.parametrize(
    ("file", "said"),
    [
        (None, "Choose a file."),
        (SimpleUploadedFile("x.csv", b"  \n"), "The file is empty."),
        (SimpleUploadedFile("x.csv", b"name,colour\na,b"), "There is no column “number” and no column “id”"),
        (SimpleUploadedFile("x.csv", b"number\n951"), "No column is one to change"),
        (SimpleUploadedFile("x.xlsx", b"PK\x03\x04nonsense"), ""),
    ],
)
def test_what_is_no_table_is_said_at_the_file(client: Client, file: SimpleUploadedFile | None, said: str) -> None:
    response = upload(client, file)

    form = find(read(response), "upload")
    assert response.status_code == 422
    (error,) = texts(form, ".//*[@id='id_file_error']")
    assert said in error
    assert find(form, "id_file").get("aria-invalid") == "true"
    assert values_of(form)["reason"] == "From the sheet"
    assert not has(read(response), "findings")


def test_reason_is_required(client: Client, sales_phone: Phone) -> None:
    response = upload(client, as_file([{"number": sales_phone.number, "nickname": "x"}]), reason=" ")

    assert response.status_code == 422
    assert texts(read(response), "//*[@id='reason-errors']") == ["Say why; the history keeps it."]
    assert not Plan.objects.exists()


def test_second_send_is_the_same_plan(client: Client, sales_phone: Phone) -> None:
    rows = [{"number": sales_phone.number, "nickname": "Ventas Málaga"}]
    values = values_of(find(read(client.get(UPLOAD)), "upload")) | {"reason": "x"}

    locations = {client.post(UPLOAD, values | {"file": as_file(rows)})["Location"] for _send in range(2)}

    assert len(locations) == Plan.objects.count() == 1


def test_hostile_files_change_no_markup(client: Client) -> None:
    for hostile in HOSTILE:
        shapes = []
        for text in (harmless(hostile), hostile):
            response = upload(client, as_file([{"number": text, "nickname": text}]), reason=text, ticket=text)
            assert response.status_code == 422, hostile
            shapes.append(skeleton(response))
        assert shapes[0] == shapes[1], hostile


CASES = Path(__file__).resolve().parents[3] / "tests" / "data/cases"


def workbook_of_two() -> SimpleUploadedFile:
    return SimpleUploadedFile("numbers.xlsx", (CASES / "i12-edited-copy-of-sheet.xlsx").read_bytes())


def test_sheet_is_chosen_without_sending_the_file_again(client: Client, lead: User) -> None:
    asked = upload(client, workbook_of_two())

    form = find(read(asked), "upload")
    assert asked.status_code == 422
    assert texts(form, ".//fieldset[@id='sheets']/label") == ["phones", "phones (2)"]
    assert Upload.objects.get().owner == lead
    kept = {name: value for name, value in values_of(form).items() if name not in {"file", "sheet"}}
    assert (kept["reason"], kept["ticket"]) == ("From the sheet", "T-1")

    # A field that is missing meanwhile asks for it alone.
    again = client.post(UPLOAD, kept | {"sheet": "phones (2)", "reason": ""})
    kept_on = {name: value for name, value in values_of(find(read(again), "upload")).items() if name != "file"}
    done = client.post(UPLOAD, kept_on | {"reason": "x"})

    assert (again.status_code, done.status_code) == (422, 302)
    assert PlanItem.objects.get().after == {"nickname": "EDITADO"}
    assert not Upload.objects.exists()
    notes = texts(read(client.get(done["Location"])), "//ul[@aria-label='How the file was read']/li")
    assert notes == [
        "The sheet “phones (2)” was read.",
        "1 line has no read_at, so it was compared with our copy of today.",
    ]


def test_file_of_somebody_else_or_long_ago_is_not_taken(
    client: Client, client_of: Callable[[User], Client], admin: User
) -> None:
    upload(client_of(admin), workbook_of_two())
    theirs = Upload.objects.get()
    values = values_of(find(read(client.get(UPLOAD)), "upload"))
    del values["file"]

    response = client.post(UPLOAD, values | {"upload": str(theirs.pk), "sheet": "phones", "reason": "x"})

    assert response.status_code == 422
    assert texts(read(response), "//*[@id='id_file_error']") == ["Choose the file again: it is no longer here."]


def test_second_file_takes_the_place_of_the_first(client: Client) -> None:
    for _time in range(2):
        upload(client, workbook_of_two())

    assert Upload.objects.count() == 1


@pytest.mark.parametrize(("who", "is_led"), [("router", False), ("lead", True)])
def test_list_and_plans_lead_to_the_page(
    client_of: Callable[[User], Client], request: pytest.FixtureRequest, who: str, is_led: bool
) -> None:
    client = client_of(request.getfixturevalue(who))

    for url in ("/projects/aurora/phones/", "/projects/aurora/plans/"):
        assert (UPLOAD in read(client.get(url)).xpath("//main//a/@href")) is is_led, url


def edit_noted(client: Client, phone: Phone, note: str, tags: str, **typed: str) -> Answer:
    """Upload the export with another note and other tags of one phone."""
    rows = exported(client)
    for row in rows:
        if row["id"] == str(phone.pk):
            row |= {"note": note, "tags": tags} | typed
    return upload(client, as_file(rows))


def test_notes_and_tags_of_a_file_are_stored_without_a_plan(
    client: Client, sandbox: Sandbox, sales_phone: Phone
) -> None:
    sandbox.journal.clear()

    response = edit_noted(client, sales_phone, "Ask Núria\nfirst", "VIP; otoño")

    row = Phone.objects.get(pk=sales_phone.pk)
    assert (row.note, row.tag_names) == ("Ask Núria\nfirst", ("otoño", "vip"))
    assert (response["Location"], Plan.objects.count(), sandbox.journal) == ("/projects/aurora/phones/", 0, [])
    said = words(find(read(client.get(response["Location"])), "messages"))
    assert "Notes or tags taken over on 1 number" in said

    edit_noted(client, sales_phone, "", "")

    row.refresh_from_db()
    assert (row.note, row.tag_names) == ("Ask Núria\nfirst", ("otoño", "vip"))


def test_notes_of_a_file_are_stored_beside_its_plan(client: Client, sales_phone: Phone) -> None:
    response = edit_noted(client, sales_phone, "Ask Núria", "", nickname="Ventas Málaga")

    assert response["Location"] == plan_page_url(Plan.objects.get(), "aurora")
    assert Phone.objects.get(pk=sales_phone.pk).note == "Ask Núria"


def test_notes_of_a_file_are_left_where_that_is_unticked(client: Client, sales_phone: Phone) -> None:
    rows = exported(client)
    rows[0]["note"] = "Not wanted"
    sent = values_of(find(read(client.get(UPLOAD)), "upload")) | {"reason": "From the sheet"}
    del sent["takes_notes"], sent["file"]

    response = client.post(UPLOAD, sent | {"file": as_file(rows)})

    assert response.status_code == 422
    assert not Phone.objects.exclude(note="").exists()


@pytest.mark.parametrize(
    ("note", "tags", "problem"),
    [
        ("x" * 1001, "", "The note has more than 1000 characters."),
        ("#REF!", "", "#REF!"),
        ("", "x" * 31, "a tag has at most 30 characters"),
        ("", ",".join(map(str, range(11))), "A number has at most 10 tags."),
    ],
)
def test_note_or_tag_that_cannot_be_stored_is_a_problem_of_its_line(
    client: Client, sales_phone: Phone, note: str, tags: str, problem: str
) -> None:
    response = edit_noted(client, sales_phone, note, tags)

    assert response.status_code == 422
    assert problem in problems_in(response)[0]
    assert Phone.objects.get(pk=sales_phone.pk).note == ""
