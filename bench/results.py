"""The results of a run: printed, judged, written to `bench.json` and docs/speed.md, compared with committed ratios."""

import json
import re
import sys
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from typing import Any

from bench.lab.machine import fingerprint
from bench.lab.processes import ROOT
from bench.lab.sites import Options
from bench.measuring import Report, Row
from bench.suite import BENCHMARKS

RESULT = ROOT / "bench.json"
BASELINE = ROOT / "bench" / "baseline.json"
SPEED = ROOT / "docs" / "speed.md"
TABLE = re.compile(r"(?<=<!-- written by `make bench ARGS=--readme` -->\n\n).*?(?=\n<!-- up to here -->)", re.S)
DATABASE = re.compile(r"^(sqlite|postgres)(?:: |, )")
WORSE = 1.25


@dataclass(frozen=True)
class Conditions:
    """The load of the machine: in the second before, and by other processes during the measurement."""

    busy_percent: float
    is_quiet: bool
    foreign_percent: float
    seconds: float

    @property
    def text(self) -> str:
        """The conditions as a sentence."""
        before = f"{self.busy_percent:.0f} % busy before" + ("" if self.is_quiet else ", never quiet")
        return f"{before}; others used {self.foreign_percent:.0f} % meanwhile; {self.seconds:.0f} s"


@dataclass(frozen=True)
class Outcome:
    """A benchmark's report and its conditions."""

    name: str
    report: Report
    conditions: Conditions


@dataclass
class Run:
    """All benchmarks of a run."""

    options: Options
    outcomes: dict[str, Outcome] = field(default_factory=dict)
    took_seconds: float = 0.0

    def add(self, name: str, report: Report, conditions: Conditions) -> None:
        """Add the report of a benchmark."""
        self.outcomes[name] = Outcome(name, report, conditions)

    @property
    def ratios(self) -> dict[str, float]:
        """All ratios by their goal's key."""
        return {goal.key: goal.value for out in self.outcomes.values() for goal in out.report.goals if goal.unit == "x"}

    def benchmark_of(self, key: str) -> str:
        """Return the name of the benchmark with this goal."""
        return next(out.name for out in self.outcomes.values() if any(goal.key == key for goal in out.report.goals))

    def worse_than_baseline(self) -> list[str]:
        """Return the keys of the ratios that are more than 25 % above the committed ones."""
        if not BASELINE.exists():
            return []
        committed = json.loads(BASELINE.read_text())["ratios"]
        return [key for key, value in self.ratios.items() if value > WORSE * committed.get(key, float("inf"))]

    def write(self) -> None:
        """Write everything to `bench.json`; what an earlier run with the same options measured besides stays in it."""
        written = self._as_json()
        if RESULT.exists():
            earlier = json.loads(RESULT.read_text())
            if earlier["options"] == json.loads(json.dumps(written["options"])):
                written["benchmarks"] = earlier["benchmarks"] | written["benchmarks"]
        RESULT.write_text(json.dumps(written, indent=1) + "\n")

    def write_baseline(self) -> None:
        """Write the ratios to the file that is committed."""
        figures = {key: round(value, 3) for key, value in sorted(self.ratios.items())}
        BASELINE.write_text(json.dumps({"machine": fingerprint(), "ratios": figures}, indent=1) + "\n")

    def _as_json(self) -> dict[str, Any]:
        return {
            "at": datetime.now(UTC).isoformat(timespec="seconds"),
            "machine": fingerprint(),
            "options": asdict(self.options),
            "seconds": round(self.took_seconds, 1),
            "benchmarks": {out.name: _outcome_as_json(out) for out in self.outcomes.values()},
        }


def _outcome_as_json(outcome: Outcome) -> dict[str, Any]:
    return {
        "conditions": asdict(outcome.conditions),
        "rows": [_row_as_json(row, outcome.report.unit) for row in outcome.report.rows],
        "goals": [asdict(goal) | {"is_met": goal.is_met()} for goal in outcome.report.goals],
        "notes": outcome.report.notes,
    }


def _row_as_json(row: Row, unit: str) -> dict[str, Any]:
    low, high = row.series.spread
    return {
        "name": row.series.name,
        "unit": unit,
        "median": round(row.series.median, 3),
        "min": round(low, 3),
        "max": round(high, 3),
        "p99": round(row.series.percentile(0.99), 3),
        "cpu": round(row.series.cpu_per_sample, 3) if row.series.cpu_ms else None,
        "samples": len(row.series.samples),
        "ratio": round(row.ratio, 3) if row.ratio else None,
        "baseline": row.baseline.name if row.baseline else None,
    }


def show(outcome: Outcome) -> None:
    """Print a benchmark: its table, its goals, its notes."""
    report = outcome.report
    print(f"\n{BENCHMARKS[outcome.name].TITLE}  ({outcome.conditions.text})")
    if report.rows:
        print(f"  {'':46}{'median [min-max] ' + report.unit:>26}{'p99':>9}{'ratio':>9}{'CPU ms':>9}")
    for row in report.rows:
        low, high = row.series.spread
        figures = f"{row.series.median:.1f} [{low:.1f}-{high:.1f}]"
        ratio = f"{row.ratio:.2f} x" if row.ratio else "1"
        cpu = f"{row.series.cpu_per_sample:.1f}" if row.series.cpu_ms else ""
        print(f"  {row.series.name:46}{figures:>26}{row.series.percentile(0.99):>9.1f}{ratio:>9}{cpu:>9}")
    for goal in report.goals:
        values = f"{goal.value:.2f} {goal.unit}" if goal.unit == "x" else f"{goal.value:.1f} {goal.unit}"
        limit = f"goal {goal.limit:g} {goal.unit}"
        told = "" if goal.is_asserted and goal.unit == "x" else "  (only reported)"
        print(f"  {goal.text:46}{values:>12}  {limit:>14}  {goal.verdict}{told}")
    for note in report.notes:
        print(f"  · {note}")
    sys.stdout.flush()


def show_verdict(run: Run, worse: list[str], slack: float) -> bool:
    """Print what failed, and return whether anything did."""
    goals = [goal for out in run.outcomes.values() for goal in out.report.goals]
    failed = [goal for goal in goals if goal.fails(slack)]
    met = sum(goal.is_met() for goal in goals)
    print(f"\n{met} of {len(goals)} goals met, in {run.took_seconds:.0f} s. Figures are in bench.json.")
    for goal in failed:
        print(f"FAILED  {goal.key}: {goal.value:.2f} x, goal {goal.limit:g} x" + (" + 25 %" if slack > 1 else ""))
    for key in worse:
        print(f"FAILED  {key}: more than 25 % above bench/baseline.json in two of three runs")
    return bool(failed or worse)


def write_speed() -> None:
    """Write the goals in `bench.json` to the table of docs/speed.md; rows of what it has not measured stay."""
    measured = json.loads(RESULT.read_text())["benchmarks"]
    text = SPEED.read_text()
    found = TABLE.search(text)
    if found is None:
        raise SystemExit(f"{SPEED.name} has no place for the table.")
    before = found[0].splitlines()
    lines = ["| bench | what | measured | goal |", "|---|---|---|---|"]
    for name in BENCHMARKS:
        kept = [line for line in before if line.startswith(f"| `{name}` |")]
        lines += [f"| `{name}` | {what} |" for what in _figures(measured[name]["goals"])] if name in measured else kept
    SPEED.write_text(text[: found.start()] + "\n".join(lines) + "\n" + text[found.end() :])


def _figures(goals: list[dict[str, Any]]) -> list[str]:
    """Return a line a goal: what it is about, its figures (SQLite first; bold where they miss it), and its limit."""
    lines: dict[str, list[str]] = {}
    limits: dict[str, list[str]] = {}
    for goal in goals:
        what = DATABASE.sub("", goal["text"])
        figure = _figure(goal["value"], goal["unit"])
        lines.setdefault(what, []).append(figure if goal["is_met"] else f"**{figure}**")
        limits.setdefault(what, []).append(_figure(goal["limit"], goal["unit"]))
    return [f"{what} | {' / '.join(lines[what])} | {' / '.join(dict.fromkeys(limits[what]))}" for what in lines]


def _figure(value: float, unit: str) -> str:
    number = f"{value:.2f}" if value < 10 else f"{value:.0f}"
    return f"{number.rstrip('0').rstrip('.') if '.' in number else number} {'×' if unit == 'x' else unit}"
