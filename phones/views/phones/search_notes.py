"""What the list says of numbers in its search box, beside the rows that match."""

from dataclasses import dataclass
from urllib.parse import urlencode

from django.urls import reverse

from phones.access import Desk
from phones.services.finding.resolve import resolve
from phones.services.number_reader.queries import number_typed, numbers_named
from phones.services.number_reader.reader import read_paste
from phones.views.phones.find import ElsewhereLine, others_of, summary_of


@dataclass(frozen=True, slots=True)
class SearchNote:
    """What became of the numbers in a text, with the address of the finder's result; which are in other projects."""

    summary: str
    find_url: str
    elsewhere: list[ElsewhereLine]


def search_note(desk: Desk, query: str, *, total: int) -> SearchNote | None:
    """Return what is to be said of a search that found `total` phones. Queries only where it names numbers."""
    named = numbers_named(query)
    candidates = named or (number_typed(query) if not total else ())
    if not candidates:
        return None
    others = others_of(desk)
    resolved = resolve(projects=[desk.project], candidates=candidates, others=others.values())
    elsewhere = [ElsewhereLine.of(number, others) for number in resolved.elsewhere]
    if not named:
        return SearchNote("", "", elsewhere) if elsewhere else None
    find_url = f"{reverse('phone_find', args=[desk.project.slug])}?{urlencode({'text': query})}"
    return SearchNote(summary_of(resolved, read_paste(query)), find_url, elsewhere)
