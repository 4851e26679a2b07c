"""Samples in interleaved rounds, and the tables and goals made from them."""

import statistics
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

CI_SLACK = 1.25
AT_A_TIME = 5


@dataclass(frozen=True)
class Variant:
    """One subject of timing: `sample` runs it once and returns its time.

    `cpu_seconds` reads the processor time of the server, which other load changes less than the elapsed time.
    """

    name: str
    sample: Callable[[], float]
    count: int
    warm_up: int = 1
    cpu_seconds: Callable[[], float] | None = None


@dataclass
class Series:
    """The samples of one variant, round by round."""

    name: str
    rounds: list[list[float]] = field(default_factory=list)
    cpu_ms: float = 0.0

    @property
    def cpu_per_sample(self) -> float:
        """Milliseconds of the server's processor time for one sample, 0 if that wasn't read."""
        return self.cpu_ms / len(self.samples)

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
        """The lowest and the highest median of the rounds."""
        medians = [statistics.median(samples) for samples in self.rounds if samples]
        return min(medians), max(medians)

    def percentile(self, share: float) -> float:
        """Return the sample that `share` of all samples don't exceed."""
        ordered = sorted(self.samples)
        return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def interleave(variants: Sequence[Variant], rounds: int) -> dict[str, Series]:
    """Run all variants once a round, a few samples of each at a time, so that noise affects them alike."""
    series = {variant.name: Series(variant.name) for variant in variants}
    for number in range(rounds):
        start = number % len(variants)
        order = [*variants[start:], *variants[:start]]
        for variant in order:
            for _ in range(variant.warm_up):
                variant.sample()
            series[variant.name].rounds.append([])
        while pending := [variant for variant in order if len(series[variant.name].rounds[-1]) < variant.count]:
            for variant in pending:
                samples = series[variant.name].rounds[-1]
                wanted = min(AT_A_TIME, variant.count - len(samples))
                _take(variant, wanted, series[variant.name], samples)
    return series


def _take(variant: Variant, wanted: int, series: Series, samples: list[float]) -> None:
    before = variant.cpu_seconds() if variant.cpu_seconds else 0.0
    samples += [variant.sample() for _ in range(wanted)]
    if variant.cpu_seconds:
        series.cpu_ms += (variant.cpu_seconds() - before) * 1000


@dataclass(frozen=True)
class Row:
    """A line of a table: a series, and its baseline."""

    series: Series
    baseline: Series | None = None
    note: str = ""

    @property
    def ratio(self) -> float | None:
        """This median as a multiple of the baseline's."""
        return self.series.median / self.baseline.median if self.baseline else None


@dataclass(frozen=True)
class Goal:
    """The limit of a figure. Only ratios fail a run: other figures depend on the machine."""

    key: str
    text: str
    value: float
    limit: float
    unit: str = "x"
    is_asserted: bool = True

    def is_met(self, slack: float = 1.0) -> bool:
        """Return whether the figure is within the limit, multiplied by `slack`."""
        return self.value <= self.limit * slack

    def fails(self, slack: float) -> bool:
        """Return whether the run fails because of it."""
        return self.unit == "x" and self.is_asserted and not self.is_met(slack)

    @property
    def verdict(self) -> str:
        """Met or missed, and by how much."""
        off = abs(self.value / self.limit - 1)
        return f"met, {off:.0%} below" if self.is_met() else f"MISSED by {off:.0%}"


@dataclass
class Report:
    """The result of a benchmark: rows in `unit`, goals, and notes for the reader."""

    unit: str = "ms"
    rows: list[Row] = field(default_factory=list)
    goals: list[Goal] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
