"""The controls and chips of a filter bar."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Chip:
    """An active filter in words, and the address without it.

    `remove` is the label of the link that removes it; it doesn't repeat a searched number, which is the name of a row.
    """

    label: str
    remove: str
    url: str


@dataclass(frozen=True, slots=True)
class Filter:
    """A select of the filter bar; one that `is_rare` is hidden behind “More filters”."""

    name: str
    label: str
    purpose: str
    value: str
    choices: list[tuple[str, str]]
    is_rare: bool = False
