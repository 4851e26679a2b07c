"""Taking samples in interleaved rounds, and what is made of them: tables and goals."""

import statistics
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

CI_SLACK = 1.25


@dataclass(frozen=True)
class Variant:
    """One thing to time: `sample` does it once and returns what it took."""

    name: str
    sample: Callable[[], float]
    count: int
    warm_up: int = 1


@dataclass
class Series:
    """The samples of one variant, round by round."""

    name: str
    rounds: list[list[float]] = field(default_factory=list)

    @property
    def samples(self) -> list[float]:
        """All samples."""
        return [sample for samples in self.rounds for sample in samples]

    @property
    def median(self) -> float:
        """The median of all samples."""
        return statistics.median(self.samples)

    @property
    def spread(self) -> tuple[float, float]:
        """The lowest and the highest median of a round."""
        medians = [statistics.median(samples) for samples in self.rounds if samples]
        return min(medians), max(medians)

    def percentile(self, share: float) -> float:
        """Return the sample that `share` of all samples don't exceed."""
        ordered = sorted(self.samples)
        return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def interleave(variants: Sequence[Variant], rounds: int) -> dict[str, Series]:
    """Run all variants once a round, each round beginning with another one, so that noise hits them alike."""
    series = {variant.name: Series(variant.name) for variant in variants}
    for number in range(rounds):
        start = number % len(variants)
        for variant in [*variants[start:], *variants[:start]]:
            for _ in range(variant.warm_up):
                variant.sample()
            series[variant.name].rounds.append([variant.sample() for _ in range(variant.count)])
    return series


@dataclass(frozen=True)
class Row:
    """A line of a table: a series, and the one it is compared with."""

    series: Series
    baseline: Series | None = None
    note: str = ""

    @property
    def ratio(self) -> float | None:
        """How many times the baseline's median this one's is."""
        return self.series.median / self.baseline.median if self.baseline else None


@dataclass(frozen=True)
class Goal:
    """What a figure must not exceed. Only ratios are asserted: other figures depend on the machine."""

    key: str
    text: str
    value: float
    limit: float
    unit: str = "x"
    is_asserted: bool = True

    def is_met(self, slack: float = 1.0) -> bool:
        """Say whether the figure is within the limit, stretched by `slack`."""
        return self.value <= self.limit * slack

    def fails(self, slack: float) -> bool:
        """Say whether the run is to fail because of it."""
        return self.unit == "x" and self.is_asserted and not self.is_met(slack)

    @property
    def verdict(self) -> str:
        """Met or missed, and by how much."""
        off = abs(self.value / self.limit - 1)
        return f"met, {off:.0%} below" if self.is_met() else f"MISSED by {off:.0%}"


@dataclass
class Report:
    """What a benchmark found: rows in `unit`, goals, and notes on how to read them."""

    unit: str = "ms"
    rows: list[Row] = field(default_factory=list)
    goals: list[Goal] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
