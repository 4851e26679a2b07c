"""`make bench`, or `python -m bench --help`: run the benchmarks, print them, judge them, write `bench.json`."""

import argparse
import os
import signal
import sys
import time
from typing import NoReturn

from bench import results
from bench.lab.machine import ForeignLoad, await_quiet_second
from bench.lab.sites import Lab, Options
from bench.measuring import CI_SLACK, Report
from bench.suite import BENCHMARKS

TIME_LIMIT_SECONDS = 20 * 60


def main() -> int:
    """Run the benchmarks of the command line; return 1 if a ratio misses its goal or has become worse."""
    arguments = _read_arguments()
    signal.signal(signal.SIGTERM, _stop)
    signal.signal(signal.SIGALRM, _stop)
    signal.alarm(TIME_LIMIT_SECONDS)
    options = Options(
        tuple(arguments.databases.split(",")),
        arguments.latency_ms,
        arguments.phones,
        2 if arguments.quick else arguments.rounds,
        arguments.quick,
    )
    started_at = time.monotonic()
    lab = Lab(options)
    run = results.Run(options)
    try:
        for name in arguments.only.split(",") if arguments.only else BENCHMARKS:
            run.add(name, *_measure(lab, name))
            results.show(run.outcomes[name])
        worse = [] if arguments.quick else _confirm(lab, run)
    finally:
        lab.close()
    run.took_seconds = time.monotonic() - started_at
    slack = CI_SLACK if os.environ.get("CI") else 1.0
    failed = results.show_verdict(run, worse, slack)
    run.write()
    if arguments.readme:
        results.write_speed()
    if arguments.save_baseline:
        run.write_baseline()
    return 1 if failed else 0


def _read_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="bench", description="Benchmarks of Phone Desk, on loopback only.")
    parser.add_argument("--databases", default="sqlite,postgres", help="Which ones (default: sqlite,postgres).")
    parser.add_argument("--latency-ms", type=float, default=50, help="How long Diga takes for an answer (50).")
    parser.add_argument("--phones", type=int, default=100_000, help="Phones in the project (100000).")
    parser.add_argument("--rounds", type=int, default=5, help="How often everything is measured (5).")
    parser.add_argument("--quick", action="store_true", help="Two short rounds, to see that everything works.")
    parser.add_argument("--only", default="", help=f"Some of: {','.join(BENCHMARKS)}.")
    parser.add_argument("--readme", action="store_true", help="Write what was measured to the table of docs/speed.md.")
    parser.add_argument("--save-baseline", action="store_true", help="Write the ratios to bench/baseline.json.")
    arguments = parser.parse_args()
    if unknown := set(arguments.databases.split(",")) - {"sqlite", "postgres"}:
        parser.error(f"unknown database: {', '.join(unknown)}")
    if arguments.only and (unknown := set(arguments.only.split(",")) - set(BENCHMARKS)):
        parser.error(f"unknown benchmark: {', '.join(unknown)}")
    return arguments


def _measure(lab: Lab, name: str) -> tuple[Report, results.Conditions]:
    print(f"\n… {BENCHMARKS[name].TITLE}", flush=True)
    busy, is_quiet = await_quiet_second()
    foreign = ForeignLoad()
    started_at = time.monotonic()
    report = BENCHMARKS[name].run(lab)
    return report, results.Conditions(busy, is_quiet, foreign.percent(), time.monotonic() - started_at)


def _confirm(lab: Lab, run: results.Run) -> list[str]:
    """Repeat, up to twice, benchmarks that seem worse than the committed ratios; return those worse in two of three."""
    suspects = run.worse_than_baseline()
    counts = dict.fromkeys(suspects, 1)
    for _ in range(2):
        open_ones = {key for key in suspects if counts[key] < 2}
        if not open_ones:
            break
        for name in {run.benchmark_of(key) for key in open_ones}:
            again = results.Run(run.options)
            again.add(name, *_measure(lab, name))
            for key in open_ones & set(again.worse_than_baseline()):
                counts[key] += 1
    return [key for key, count in counts.items() if count >= 2]


def _stop(number: int, _frame: object) -> NoReturn:
    raise SystemExit(f"Stopped by {signal.Signals(number).name}.")


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(130)
