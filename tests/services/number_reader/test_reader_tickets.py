"""The finder over invented tickets with their truth: how much it finds, and how much it says that is not so."""

import random
from dataclasses import dataclass, field

import pytest

from bench.rig.tickets import Ticket, texts_without_numbers, tickets
from phones.models import Project
from phones.services.finding.resolve import Resolved, resolve
from phones.services.number_reader.reader import Pasted, read_paste
from tests.support.files.phonebook import PhoneBook, add_numbers

_RNG = random.Random(20261130)
OURS = [
    *sorted({f"+349{_RNG.randrange(1, 9)}{_RNG.randrange(10**7):07d}" for _each in range(60)}),
    "+34900686427",
    "+34612345670",
    "+442079460958",
    "+351210123456",
    "+14155552671",
    "+33142685300",
    "laboratorio@pbx.example.es",
    "Ventas@sip.aurora.example",
]
STRANGERS = [f"+3{kind}{_RNG.randrange(10**7):07d}" for kind in ("461", "495") for _each in range(20)]


@dataclass(slots=True)
class Figures:
    """What the finder made of tickets."""

    ticket_count: int = 0
    named_count: int = 0
    missed: list[str] = field(default_factory=list)
    wrongly_found: list[str] = field(default_factory=list)
    falsely_absent: list[str] = field(default_factory=list)
    false_lines: list[str] = field(default_factory=list)

    def add(self, ticket: Ticket, pasted: Pasted, resolved: Resolved) -> None:
        """Compare what was found with the truth."""
        found = {phone.number for phone in resolved.found}
        self.ticket_count += 1
        self.named_count += len(ticket.ours)
        self.missed += [f"{number} in {ticket.text!r}" for number in ticket.ours - found]
        self.wrongly_found += [f"{number} in {ticket.text!r}" for number in found - ticket.ours]
        for missing in resolved.missing:
            keys = missing.candidate.keys or (missing.candidate.end,)
            if any(number[3:] in key for key in keys for number in ticket.ours if number.startswith("+")):
                self.falsely_absent.append(f"{missing.candidate.text} in {ticket.text!r}")
            elif not any(keys[0].endswith(number[3:]) for number in ticket.others):
                self.false_lines.append(missing.candidate.text)
        self.false_lines += [choice.text for choice in resolved.choices]
        self.false_lines += [item.text for item in pasted.faulty]


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_tickets_are_read_within_the_bounds(seed: int) -> None:
    book = PhoneBook(OURS)
    figures = Figures()

    for ticket in tickets(seed, 250, OURS, strangers=STRANGERS):
        figures.add(ticket, *book.find(ticket.text))

    assert figures.wrongly_found == []
    assert figures.falsely_absent == []
    assert len(figures.missed) <= 0.03 * figures.named_count, figures.missed
    assert len(figures.false_lines) <= 0.3 * figures.ticket_count, figures.false_lines


def test_nothing_is_found_in_texts_without_a_number_among_100_000_phones() -> None:
    # Close together, as an operator hands them out, so that what looks like one of them is likely to be one.
    book = PhoneBook(f"+3495{index * 73:07d}" for index in range(100_000))
    found, lines = [], []

    for text in texts_without_numbers(4, 300):
        pasted, resolved = book.find(text)
        found += [phone.number for phone in resolved.found]
        lines += [*resolved.absent, *(choice.text for choice in resolved.choices), *pasted.faulty]

    assert found == []
    assert len(lines) <= 0.3 * 300, lines


def test_phones_in_memory_are_looked_up_as_those_of_the_database(db: None) -> None:
    project = Project.objects.create(name="North", slug="north")
    add_numbers(project, OURS)
    book = PhoneBook(OURS)

    for ticket in tickets(5, 40, OURS, strangers=STRANGERS):
        in_memory = book.find(ticket.text)[1]
        stored = resolve(projects=[project], candidates=read_paste(ticket.text).candidates)

        assert [phone.number for phone in stored.found] == [phone.number for phone in in_memory.found]
        assert (stored.absent, stored.repeated_count) == (in_memory.absent, in_memory.repeated_count)
