"""All heads that were noted in a chain's file, compared with the chain.

Numbers ascend from line to line. What stands before a line at which a person has acknowledged a break counts no more:
from some line on it is of another past of the database.
"""

from collections.abc import Iterator
from itertools import islice
from uuid import UUID

from django.utils.translation import gettext as _

from phones.models import ChainBreak, ChainHead, ChangeSeal
from phones.services.audit.chain.heads import Head, Note, export_head, exported_notes, head_path

CHUNK = 2000


def begin_notes() -> None:
    """Note the heads of the chains of which this folder has no file, as they stand now. One query."""
    for chain, number, mac in ChainHead.objects.values_list("chain", "number", "mac"):
        if not head_path(chain).exists():
            export_head(chain, Head(number, mac))


def check_noted_heads(chain: UUID) -> Iterator[str]:
    """Yield what is wrong with a chain's file: the first line that is out of order, else the first that differs."""
    start, disordered = _order_of(chain)
    words = {"path": head_path(chain), "line": disordered}
    if disordered:
        yield _("%(path)s was altered: line %(line)s does not follow from the one before.") % words
    elif differing := next(_differing(chain, start), None):
        line, number = differing
        told = _("Seal %(number)s is not the one that line %(line)s of %(path)s notes.")
        yield told % (words | {"line": line, "number": number})


def _order_of(chain: UUID) -> tuple[int, int]:
    """Return the line with which the file went on after the last acknowledged break, and the first line out of order.

    The second is 0 if there is none.
    """
    breaks = set(ChainBreak.objects.filter(chain=chain).values_list("noted", flat=True))
    before: Note | None = None
    start = disordered = 0
    for line, note in enumerate(exported_notes(chain), start=1):
        if before is not None and breaks.intersection(before.digests):
            start = line
        elif before is not None and not disordered and not _follows(note, before):
            disordered = line
        before = note
    return start, disordered


def _follows(note: Note, before: Note) -> bool:
    # A damaged last line is found elsewhere, and acknowledged.
    return before.head is not None and (note.head is None or note.head.number > before.head.number)


def _differing(chain: UUID, start: int) -> Iterator[tuple[int, int]]:
    """Yield line and number of the heads that the chain has otherwise. What is missing in it is found elsewhere."""
    lines = islice(enumerate(exported_notes(chain), start=1), max(0, start - 1), None)
    while batch := list(islice(lines, CHUNK)):
        noted = {note.head.number: (line, note.head.mac) for line, note in batch if note.head}
        seals = ChangeSeal.objects.filter(chain=chain, number__in=list(noted)).order_by("number")
        for number, mac in seals.values_list("number", "mac"):
            line, noted_mac = noted[number]
            if mac != noted_mac:
                yield line, number
