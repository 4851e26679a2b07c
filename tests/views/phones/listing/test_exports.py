"""The files of the list as a browser gets them."""

import csv
import io
import re
import zipfile
from collections.abc import Callable

import pytest
from django.contrib.auth.models import User
from django.test import Client
from openpyxl import load_workbook

from phones.models import Phone, Project
from phones.services.exchange.phone_export import COLUMNS
from tests.fixtures.desk import Canary
from tests.support.pages.pages import Answer, read

EXPORT = "/projects/aurora/phones/export."


@pytest.fixture
def client(client_of: Callable[[User], Client], viewer: User) -> Client:
    """The browser of somebody who may only look, and so may take along what they see."""
    return client_of(viewer)


def body_of(response: Answer) -> bytes:
    return response.getvalue()


def csv_rows(response: Answer) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(body_of(response).decode("utf-8-sig"), newline="")))


@pytest.mark.parametrize(
    ("kind", "content_type"),
    [
        ("csv", "text/csv; charset=utf-8"),
        ("xlsx", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
    ],
)
def test_file_is_named_and_kept_nowhere(client: Client, aurora: Project, kind: str, content_type: str) -> None:
    response = client.get(EXPORT + kind)

    assert (response.status_code, response.streaming, response["Content-Type"]) == (200, True, content_type)
    assert re.fullmatch(
        rf'attachment; filename="aurora-phones-\d{{4}}-\d\d-\d\d\.{kind}"', response["Content-Disposition"]
    )
    assert "no-store" in response["Cache-Control"]
    assert response["X-Content-Type-Options"] == "nosniff"
    assert len(body_of(response)) > 1000


def test_csv_holds_what_the_list_shows(client: Client, aurora: Project) -> None:
    for query, expected in (
        ("", Phone.objects.all()),
        ("?status=released", Phone.objects.filter(status="released")),
        ("?q=951441246&after=nonsense", Phone.objects.filter(number="+34951441246")),
        ("?q=zzz", Phone.objects.none()),
    ):
        rows = csv_rows(client.get(f"{EXPORT}csv{query}"))

        assert [row["id"] for row in rows] == [str(phone.pk) for phone in expected.order_by("number", "id")]
        assert all(tuple(row) == COLUMNS for row in rows)


def test_sheet_holds_what_the_list_shows(client: Client, sales_phone: Phone) -> None:
    response = client.get(f"{EXPORT}xlsx?q=951441246")

    sheet = load_workbook(io.BytesIO(body_of(response)))["phones"]

    assert [cell.value for cell in sheet[1]] == list(COLUMNS)
    assert [cell.value for cell in sheet[2]][:3] == [str(sales_phone.pk), "+34951441246", sales_phone.nickname]
    assert sheet.max_row == 2


def test_menu_of_the_list_exports_what_is_filtered(client: Client, aurora: Project) -> None:
    links = read(client.get("/projects/aurora/phones/?q=citas&status=assigned")).xpath("//a[@download]/@href")

    suffix = "?q=citas&status=assigned"
    assert links == [f"{EXPORT}{kind}{suffix}{more}" for more in ("&columns=shown", "") for kind in ("xlsx", "csv")]


@pytest.mark.parametrize("sort", ["nickname", "-nickname", "inbound", "age", "-number"])
def test_files_follow_the_order_of_the_list(client: Client, aurora: Project, sort: str) -> None:
    listed = read(client.get(f"/projects/aurora/phones/?size=100&sort={sort}")).xpath("//tbody//tr/@id")

    rows = csv_rows(client.get(f"{EXPORT}csv?sort={sort}"))

    assert [f"phone-{row['id']}" for row in rows] == listed


def test_file_of_what_is_shown_has_the_columns_of_the_list(client: Client, aurora: Project) -> None:
    usual = ("number", "nickname", "status", "inbound_agent", "outbound_agent", "provider", "read_at")
    for query, columns in (
        ("", usual),
        ("&cols=number,assigned,outbound", ("number", "outbound_agent", "assigned_at", "read_at")),
    ):
        rows = csv_rows(client.get(f"{EXPORT}csv?columns=shown{query}"))
        sheet = load_workbook(io.BytesIO(body_of(client.get(f"{EXPORT}xlsx?columns=shown{query}"))))["phones"]

        assert tuple(rows[0]) == tuple(cell.value for cell in sheet[1]) == columns
        assert len(rows) == sheet.max_row - 1 == 40


def test_key_is_not_exported(client: Client, canary: Canary) -> None:
    sheet = zipfile.ZipFile(io.BytesIO(body_of(client.get(EXPORT + "xlsx"))))
    files = [body_of(client.get(EXPORT + "csv")), *(sheet.read(name) for name in sheet.namelist())]

    assert [canary.found_in(file) for file in files] == [[]] * len(files)
    assert any(b"+34951441246" in file for file in files[1:])
