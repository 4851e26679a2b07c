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
class Finder:
    """Where the box of a filter asks for agents by words, and the id of the list below it."""

    url: str
    list_id: str


@dataclass(frozen=True, slots=True)
class Filter:
    """A select of the filter bar; one that `is_rare` is hidden behind “More filters”.

    `left_out` counts the agents that are no choices here: the page of agents leads to what each has, and with scripts a
    box `finder` finds them.
    """

    name: str
    label: str
    purpose: str
    value: str
    choices: list[tuple[str, str]]
    is_rare: bool = False
    left_out: int = 0
    finder: Finder | None = None

    @property
    def chosen(self) -> str:
        """What the value is called, "" without one."""
        return dict(self.choices).get(self.value, "")
