"""The upload form of the import."""

import uuid
from collections.abc import Callable
from typing import Any

from django import forms
from django.core.files.uploadedfile import UploadedFile
from django.http import QueryDict
from django.template.defaultfilters import filesizeformat
from django.utils.datastructures import MultiValueDict
from django.utils.translation import gettext_lazy as _

from phones.forms.opened import TOO_OLD
from phones.forms.reasons import ReasonFields, reason_field
from phones.models import Upload
from phones.services.exchange.import_columns import is_head
from phones.services.tables.limits import FILE_LIMIT, NotATable
from phones.services.tables.read import SheetsToChoose, Table, read_table

FindUpload = Callable[[uuid.UUID], Upload | None]


class ImportForm(ReasonFields):
    """A file and a reason. `cleaned_data["file"]` is the table in the file.

    If several sheets of a workbook can be meant, `sheets` names them: the person chooses one, and the file, stored as
    `kept` meanwhile, needn't be uploaded again.
    """

    form_token = forms.UUIDField(widget=forms.HiddenInput, error_messages={"required": TOO_OLD, "invalid": TOO_OLD})
    file = forms.FileField(
        label=_("File"),
        required=False,
        widget=forms.FileInput(attrs={"accept": ".csv,.tsv,.txt,.xlsx,.xlsm,.xlsb,.xls,.ods"}),
    )
    upload = forms.UUIDField(widget=forms.HiddenInput, required=False)
    sheet = forms.CharField(required=False, strip=False)
    takes_notes = forms.BooleanField(
        label=_("Take over changed notes and tags at once"),
        required=False,
        initial=True,
        help_text=_("They stay here: Diga never gets them, and no plan is needed for them."),
    )
    reason = reason_field(is_required=True)

    field_order = ("upload", "sheet", "file", "takes_notes", "reason", "ticket", "form_token")

    def __init__(
        self,
        data: QueryDict | None = None,
        files: "MultiValueDict[str, UploadedFile[Any]] | None" = None,
        *,
        find_upload: FindUpload = lambda _upload_id: None,
    ) -> None:
        """Make a form of the request; `find_upload` returns the stored file."""
        super().__init__(data, files)
        self._find_upload = find_upload
        self.sheets: list[str] = []
        self.sent: tuple[str, bytes] | None = None

    def clean_file(self) -> Table | None:
        """Read the table in the uploaded or the stored file, unless it is above the size limit."""
        file: UploadedFile[bytes] | None = self.cleaned_data["file"]
        upload_id: uuid.UUID | None = self.cleaned_data.get("upload")
        if file:
            return self._read(self._bytes_of(file), file.name or "", sheet="")
        kept = self._find_upload(upload_id) if upload_id else None
        if kept:
            return self._read(bytes(kept.data), kept.name, sheet=self.cleaned_data.get("sheet") or "")
        raise forms.ValidationError(
            _("Choose the file again: it is no longer here.") if upload_id else _("Choose a file.")
        )

    def _bytes_of(self, file: "UploadedFile[bytes]") -> bytes:
        size = file.size or 0
        if size > FILE_LIMIT:
            raise forms.ValidationError(
                _("The file has %(size)s; at most %(limit)s are read. Split it."),
                params={"size": filesizeformat(size), "limit": filesizeformat(FILE_LIMIT)},
            )
        data: bytes = file.read()
        return data

    def _read(self, data: bytes, name: str, *, sheet: str) -> Table | None:
        try:
            return read_table(data, name, is_head=is_head, sheet=sheet)
        except NotATable as fault:
            raise forms.ValidationError(str(fault)) from None
        except SheetsToChoose as several:
            self.sheets, self.sent = list(several.names), (name, data)
            raise forms.ValidationError(_("Say which sheet is meant."), code="sheets") from None
