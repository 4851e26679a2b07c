"""The form of an upload: it holds a table or says why not, and wants a reason."""

import uuid
from collections.abc import Mapping
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile, UploadedFile
from django.http import QueryDict
from django.utils.datastructures import MultiValueDict

from phones.forms.plans import importing
from phones.forms.plans.importing import ImportForm
from phones.forms.reasons import REASON_LIMIT, TICKET_LIMIT
from phones.services.tables.read import Row, Table

CSV = b"number;nickname\r\n951201802;Ventas\r\n"


def form_with(data: bytes | None = CSV, name: str = "list.csv", changed: Mapping[str, str] | None = None) -> ImportForm:
    sent = QueryDict(mutable=True)
    sent.update({"reason": "Autumn hours", "ticket": "SUP-7", "form_token": str(uuid.uuid4())} | dict(changed or {}))
    files: MultiValueDict[str, UploadedFile[Any]] = MultiValueDict()
    if data is not None:
        files["file"] = SimpleUploadedFile(name, data)
    return ImportForm(sent, files)


def test_file_is_read_as_a_table() -> None:
    form = form_with()

    assert form.errors == {}
    assert form.cleaned_data["file"] == Table(("number", "nickname"), (Row(2, ("951201802", "Ventas")),))
    assert (form.cleaned_data["reason"], form.cleaned_data["ticket"]) == ("Autumn hours", "SUP-7")


@pytest.mark.parametrize(
    ("data", "name", "error"),
    [
        (None, "", "Choose a file."),
        (b"\r\n", "list.csv", "The file is empty."),
        (
            b"PK\x03\x04nonsense",
            "list.xlsx",
            "The file is broken, or no Excel workbook. Save it as .xlsx or CSV and try again.",
        ),
    ],
)
def test_file_that_is_no_table_is_told_at_its_field(data: bytes | None, name: str, error: str) -> None:
    assert form_with(data, name).errors == {"file": [error]}


def test_file_that_is_too_large_is_not_even_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importing, "FILE_LIMIT", 1024)
    monkeypatch.setattr(importing, "read_table", None)

    form = form_with(b"x" * 2048)

    assert form.errors == {"file": ["The file has 2.0\xa0KB; at most 1.0\xa0KB are read. Split it."]}


@pytest.mark.parametrize("reason", ["", "  "])
def test_reason_is_required(reason: str) -> None:
    assert list(form_with(changed={"reason": reason}).errors) == ["reason"]
    assert form_with(changed={"ticket": ""}).errors == {}


@pytest.mark.parametrize(("name", "limit"), [("reason", REASON_LIMIT), ("ticket", TICKET_LIMIT)])
def test_reason_and_ticket_have_their_limits(name: str, limit: int) -> None:
    assert form_with(changed={name: "ñ" * limit}).errors == {}
    assert list(form_with(changed={name: "ñ" * (limit + 1)}).errors) == [name]
