"""Sentences about how a file was read: the notes of a plan that came of it."""

from collections.abc import Iterable, Mapping
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import ngettext


def words_for_notes(notes: Iterable[Mapping[str, Any]]) -> list[str]:
    """Return a sentence for each note that `Plan.notes` holds."""
    return [sentence for note in notes if (sentence := _words(note))]


def _words(note: Mapping[str, Any]) -> str:
    match note["code"]:
        case "sheet":
            return _("The sheet “%(name)s” was read.") % note
        case "head":
            return _("The headings are in line %(line)d; what stands above was left out.") % note
        case "encoding":
            return _("The file doesn’t say its encoding: it was read as %(name)s.") % note
        case "foreign_ids":
            return _("The ids in the column “%(column)s” are not Diga’s: each line was found by its number.") % note
        case "aside":
            return (
                ngettext(
                    "%(count)d line with a total or the headings was left out.",
                    "%(count)d lines with a total or the headings were left out.",
                    note["count"],
                )
                % note
            )
        case "noted_moved":
            return (
                ngettext(
                    "The note or tags of %(count)d line were left alone: they were changed here after its read_at.",
                    "The notes or tags of %(count)d lines were left alone: they were changed here after their read_at.",
                    note["count"],
                )
                % note
            )
        case "undated":
            return (
                ngettext(
                    "%(count)d line has no read_at, so it was compared with our copy of today.",
                    "%(count)d lines have no read_at, so they were compared with our copy of today.",
                    note["count"],
                )
                % note
            )
        case _:
            return ""
