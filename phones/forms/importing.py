"""The form that uploads an edited export, to make a plan of it."""

from django import forms
from django.core.files.uploadedfile import UploadedFile
from django.template.defaultfilters import filesizeformat
from django.utils.translation import gettext_lazy as _

from phones.services.table_limits import FILE_LIMIT, NotATable
from phones.services.tables import Table, read_table

from .opened import TOO_OLD
from .reasons import ReasonFields, reason_field


class ImportForm(ReasonFields):
    """A file and why. `cleaned_data["file"]` is the table in it."""

    form_token = forms.UUIDField(widget=forms.HiddenInput, error_messages={"required": TOO_OLD, "invalid": TOO_OLD})
    file = forms.FileField(
        label=_("File"),
        widget=forms.FileInput(attrs={"accept": ".csv,.tsv,.txt,.xlsx,.xlsm"}),
        error_messages={"required": _("Choose a file.")},
    )
    reason = reason_field(is_required=True)

    field_order = ("file", "reason", "ticket", "form_token")

    def clean_file(self) -> Table:
        """Read the table in the file, unless it is larger than any that is taken."""
        file: UploadedFile[bytes] = self.cleaned_data["file"]
        size = file.size or 0
        if size > FILE_LIMIT:
            raise forms.ValidationError(
                _("The file has %(size)s; at most %(limit)s are read. Split it."),
                params={"size": filesizeformat(size), "limit": filesizeformat(FILE_LIMIT)},
            )
        try:
            return read_table(file.read(), file.name or "")
        except NotATable as fault:
            raise forms.ValidationError(str(fault)) from None
