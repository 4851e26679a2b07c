"""`make soak`: four editors, a lead with plans, a syncing worker and seeded random faults, for minutes; then a check.

Run as `python -m bench.stress.soak`. It uses a temporary database and sandbox. The same seed makes the same faults and
edits; their order in time is not determined.
"""

import argparse
import json
import os
import random
import sys
import tempfile
from collections import Counter
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from bench.stress.desk import TOKEN, open_desk
from bench.stress.soaking import Soak

if TYPE_CHECKING:
    from phones.diga.sandbox import Sandbox
    from phones.models import Project

PHONES = 400
# The timeout of Diga in a soak: short, so that much happens. Hanging faults last longer.
READ_TIMEOUT, DEADLINE = 0.5, 2.0


def main() -> int:
    """Soak, verify, print; return 1 if an invariant is violated."""
    arguments = _read_arguments()
    print(f"Soak of {arguments.minutes:g} minutes with seed {arguments.seed}", flush=True)
    with tempfile.TemporaryDirectory(prefix="phone-desk-soak-") as folder:
        server = open_desk(Path(folder), os.environ.get("SOAK_DATABASE_URL", ""), phones=PHONES)
        _lose_patience()
        from django.utils import timezone

        from phones.services.projects import keys
        from phones.services.sync import passes as sync_passes

        project, _check = keys.connect_project(name="Soak", token=TOKEN, actor=None, now=timezone.now())
        sync_passes.sync_project(project=project, clock=timezone.now)
        project.refresh_from_db()
        server.sandbox.switches.attaching_publishes = not arguments.publishes_nothing
        soak = Soak(project, server.sandbox, arguments.seed, arguments.minutes * 60)
        soak.run()
        broken = [*soak.failures, *_settle_and_check(project, server.sandbox, soak.counts)]
        server.stop()
    for name, count in sorted(soak.counts.items()):
        print(f"{count:8d}  {name}")
    print(json.dumps({"seed": arguments.seed, "minutes": arguments.minutes, "broken": broken} | soak.counts))
    for words in broken:
        print(f"BROKEN: {words}")
    print("Nothing broke." if not broken else f"{len(broken)} broke.")
    return 1 if broken else 0


def _read_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="soak", description="Minutes of mixed faults, on this machine only.")
    parser.add_argument("--minutes", type=float, default=10, help="How long (10).")
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(10**6), help="Default: any.")
    parser.add_argument("--publishes-nothing", action="store_true", help="Diga attaches versions and publishes none.")
    return parser.parse_args()


def _lose_patience() -> None:
    from phones.diga import DigaClient

    defaults = DigaClient.__init__.__kwdefaults__ or {}
    defaults.update(read_timeout=READ_TIMEOUT, deadline=DEADLINE)


def _has(counts: Counter[str], name: str) -> bool:
    return any(count for each, count in counts.items() if each.startswith(name))


def _after(hours: int) -> datetime:
    return datetime.now(UTC) + timedelta(hours=hours)


def _settle_and_check(project: "Project", sandbox: "Sandbox", counts: Counter[str]) -> list[str]:
    """Recheck open changes, sync once more, and return the violated invariants."""

    from bench.rig.invariants import assert_invariants
    from phones.models import Change, Outcome
    from phones.services.editing.recheck import sweep
    from phones.services.sync.passes import sync_project

    sandbox.carry_out_late()
    for hours in range(1, 8):
        counts["looked at again and settled"] += sweep(clock=partial(_after, hours))
    project.refresh_from_db()
    run = sync_project(project=project, clock=partial(_after, 9))
    for source in ("OUTSIDE", "LATE"):
        counts[f"seen in Diga: {source}"] = Change.objects.filter(source=source).count()
    counts["unknown at the end"] = Change.objects.filter(outcome=Outcome.UNKNOWN).count()
    broken = [] if run.is_complete else [f"The last pass is not complete: {run.cause}"]
    # What did nothing can't break anything.
    broken += [
        f"Nothing was tried: {name}" for name in ("sent: CONFIRMED", "plans: ", "passes: ") if not _has(counts, name)
    ]
    try:
        assert_invariants(sandbox)
    except AssertionError as error:
        broken.append(str(error))
    return broken


if __name__ == "__main__":
    sys.exit(main())
