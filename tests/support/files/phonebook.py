"""Phones in memory, looked up as the database would: for texts by the hundred against phones by the 100,000."""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime

from phones.models import Phone, Project
from phones.services.finding.resolve import LookedUp, Resolved, settled
from phones.services.number_reader.candidates import Candidate
from phones.services.number_reader.reader import Pasted, read_paste
from phones.services.phone_numbers import digits_of
from tests.support.database.rows import made_up, store_rows


class PhoneBook:
    """Phones with these numbers."""

    def __init__(self, numbers: Iterable[str]) -> None:
        self._numbers = {number.removeprefix("+").lower(): number for number in numbers}
        self._ends: dict[int, dict[str, list[str]]] = {}

    def _ending(self, end: str) -> list[Phone]:
        if len(end) not in self._ends:
            ends: dict[str, list[str]] = {}
            for key in filter(str.isdigit, self._numbers):
                ends.setdefault(key[-len(end) :], []).append(key)
            self._ends[len(end)] = ends
        return [self._phone(key) for key in self._ends[len(end)].get(end, ())]

    def _phone(self, key: str) -> Phone:
        number = self._numbers[key]
        return Phone(pk=key, number=number, shown=number, digits=digits_of(number))

    def look_up(self, candidates: Sequence[Candidate]) -> LookedUp:
        """Return what `resolving` would read of its tables."""
        exact, endings = {}, {}
        for each in candidates:
            key = next((key for key in (*each.keys, each.sip) if key and key in self._numbers), None)
            if key and not each.last:
                exact[each] = [self._phone(key)]
            if each.end and (similar := self._ending(each.end)):
                endings[each.end] = similar
        return LookedUp(exact, endings)

    def find(self, text: str) -> tuple[Pasted, Resolved]:
        """Return what a text holds, and which phones are meant."""
        pasted = read_paste(text)
        return pasted, settled(pasted.candidates, self.look_up(pasted.candidates))


def add_numbers(project: Project, numbers: Iterable[str], *, nickname: str | None = None) -> list[Phone]:
    """Add phones with these numbers to a project, as a sync would."""
    return store_rows(
        made_up(
            Phone(
                project=project,
                number=number,
                nickname=nickname,
                telephony_provider="netelip",
                status="assigned",
                fetched_at=datetime(2026, 11, 24, 12, tzinfo=UTC),
            )
        )
        for number in numbers
    )
