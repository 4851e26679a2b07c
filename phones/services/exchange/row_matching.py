"""The phone that each row of an uploaded table means: by its id, else by its number in any spelling."""

import uuid
from collections.abc import Mapping, Sequence

from django.utils.translation import gettext as _

from phones.models import Phone, Project
from phones.services.exchange.agent_names import as_uuid
from phones.services.exchange.edited_cells import SHOWN_LENGTH, NotUnderstood, is_error, is_untouched
from phones.services.exchange.import_columns import ImportColumns
from phones.services.exchange.phone_export import READ
from phones.services.finding.resolve import phones_by_number
from phones.services.number_reader.reader import Candidate, Fault, NoNumber, read_number
from phones.services.phone_numbers import NOT_DIGITS
from phones.services.routing.editability import policy_for
from phones.services.tables.limits import NotATable
from phones.services.tables.read import Row, Table

_READ = ("project_id", "shown", "digits", "missing_since", *READ)


def drop_foreign_ids(table: Table, columns: ImportColumns) -> str:
    """Ignore the column of ids if they are another system's, and return its title; "" if they are Diga's.

    :raises NotATable: they are another system's, and there are no numbers.
    """
    if "id" not in columns.places:
        return ""
    ids = [cell for row in table.rows if (cell := (columns.cell(row, "id") or "").strip())]
    if not ids or any(as_uuid(cell) for cell in ids):
        return ""
    if "number" not in columns.places:
        raise NotATable(
            _("The ids in the column “%(column)s” are not Diga’s. Add a column “number”, or remove this one.")
            % {"column": columns.title("id")}
        )
    return columns.drop("id")


def phones_of_rows(
    *, project: Project, rows: Sequence[Row], columns: ImportColumns
) -> list[tuple[Row, Phone | NotUnderstood]]:
    """Return the phone of each row, or why there is none. A few queries for each batch of ids or numbers."""
    phones = Phone.objects.filter(project=project).only(*_READ)
    ids = {row.line: as_uuid(columns.cell(row, "id") or "") for row in rows}
    by_id: Mapping[uuid.UUID, Phone] = {
        phone.pk: phone for phone in phones.filter(pk__in={found for found in ids.values() if found})
    }
    # The number is used only in rows without an id.
    spelled = {
        row.line: read_number(columns.cell(row, "number") or "")
        for row in rows
        if not (columns.cell(row, "id") or "").strip()
    }
    candidates = [each for each in spelled.values() if isinstance(each, Candidate)]
    by_number = phones_by_number(phones, candidates)
    found: list[tuple[Row, Phone | NotUnderstood]] = []
    for row in rows:
        try:
            if row.line in spelled:
                phone = _numbered(columns.cell(row, "number") or "", spelled[row.line], by_number)
            else:
                phone = _identified(columns.cell(row, "id") or "", ids[row.line], by_id)
                _check_number(phone, columns.cell(row, "number") or "")
        except NotUnderstood as fault:
            found.append((row, fault))
        else:
            phone.project = project
            found.append((row, phone))
    return found


def _identified(cell: str, phone_id: uuid.UUID | None, by_id: Mapping[uuid.UUID, Phone]) -> Phone:
    if phone_id is None:
        raise NotUnderstood(_("“%(text)s” is no id.") % {"text": cell.strip()[:SHOWN_LENGTH]})
    if phone_id not in by_id:
        raise NotUnderstood(_("No number of this project has the id %(id)s.") % {"id": phone_id})
    return by_id[phone_id]


def _numbered(cell: str, spelled: Candidate | NoNumber, by_number: Mapping[Candidate, Sequence[Phone]]) -> Phone:
    """Return the phone with a number; if several had it, the one that has it now."""
    text = cell.strip()[:SHOWN_LENGTH]
    if not text:
        raise NotUnderstood(_("There is neither a number nor an id."))
    phones = by_number.get(spelled, ()) if isinstance(spelled, Candidate) else ()
    if not phones:
        raise NotUnderstood(_no_phone(text, spelled))
    held = [phone for phone in phones if policy_for(phone).can_label] if len(phones) > 1 else phones
    if len(held) != 1:
        raise NotUnderstood(
            _("This project has %(number)s several times. Write the id of the one you mean.")
            % {"number": phones[0].shown}
        )
    return held[0]


def _no_phone(text: str, spelled: Candidate | NoNumber) -> str:
    """Return the sentence for a cell whose number no phone has."""
    if is_error(text):
        return _("The cell of the number holds an error value, %(text)s.") % {"text": text}
    if isinstance(spelled, Candidate):
        return _("“%(text)s” is not a number of this project.") % {"text": text}
    if spelled.fault is Fault.ROUNDED:
        return _("The spreadsheet rounded the number to %(text)s, and its last digits are lost.") % {"text": text}
    return _("“%(text)s” is no phone number.") % {"text": text}


def _check_number(phone: Phone, cell: str) -> None:
    """Refuse a row whose id and number belong to two phones.

    :raises NotUnderstood: they do.
    """
    if not cell.strip() or is_untouched(cell, phone.number):
        return
    if phone.digits and NOT_DIGITS.sub("", cell) == phone.digits:
        return
    spelled = read_number(cell)
    keys = (*spelled.keys, spelled.sip) if isinstance(spelled, Candidate) else ()
    if phone.number.removeprefix("+").lower() not in keys:
        raise NotUnderstood(
            _("The id is that of %(number)s, but the line says “%(text)s”.")
            % {"number": phone.shown, "text": cell.strip()[:SHOWN_LENGTH]}
        )
