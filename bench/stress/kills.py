"""`make kills`: plans whose workers are killed a hundred times, or asked to stop; then violations are counted.

Run as `python -m bench.stress.kills --database sqlite|postgres`. It uses a temporary database and sandbox. Three parts:
workers that are asked to stop (`SIGTERM`), a Diga that applies writes 5 to 90 s late, those of dead workers too, and
workers killed at any moment, one or two at a time.
"""

import argparse
import json
import random
import secrets
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import psycopg

from bench.stress.desk import open_desk
from bench.stress.killing import Kills

if TYPE_CHECKING:
    from bench.rig.crashing import Crashes
    from phones.diga.sandbox import Sandbox

POSTGRES = "postgres://postgres@127.0.0.1:5432/"
PHONES = 240


def main() -> int:
    """Kill workers, verify, print; return 1 if there was any violation."""
    arguments = _read_arguments()
    print(f"{arguments.kills} kills on {arguments.database} with seed {arguments.seed}", flush=True)
    with tempfile.TemporaryDirectory(prefix="phone-desk-kills-") as name, _database(arguments.database, name) as url:
        folder = Path(name)
        (folder / "worker").mkdir(mode=0o700)
        server = open_desk(folder, url, phones=PHONES)
        kills = Kills(server, folder, random.Random(arguments.seed))
        parts: dict[str, Callable[[], None]] = {
            "stops": lambda: kills.ask_to_stop(arguments.stops),
            "late": kills.kill_while_late,
            "kills": lambda: kills.kill(arguments.kills),
        }
        seconds = {}
        for part in arguments.parts:
            began_at = time.monotonic()
            parts[part]()
            seconds[part] = round(time.monotonic() - began_at, 1)
            print(f"{seconds[part]:7.1f} s  {part}", flush=True)
        said = kills.close()
        broken = _check(kills.crashes, server.sandbox, said)
        server.stop()
        _leave()
    _print(kills, arguments, seconds, broken)
    return 1 if broken else 0


def _print(kills: Kills, arguments: argparse.Namespace, seconds: dict[str, float], broken: list[str]) -> None:
    crashes = kills.crashes
    figures = {
        "database": arguments.database,
        "seed": arguments.seed,
        "seconds": seconds,
        "kills": crashes.kill_count,
        "rows": crashes.row_count,
        "rows being sent at a kill, median": statistics.median(crashes.ambiguous or [0]),
        "rows being sent at a kill, most": max(crashes.ambiguous, default=0),
        "writes of the dead lost on their way": kills.lost_on_the_way,
        "sent and received again": crashes.resent_count,
        "longest stop, seconds": round(max(kills.stop_seconds, default=0.0), 1),
        **dict(crashes.faults),
        "broken": broken,
    }
    for name, value in figures.items():
        print(f"{value!s:>12}  {name}")
    print(json.dumps(figures))
    print("Nothing broke." if not broken else f"{len(broken)} broke.")


def _check(crashes: "Crashes", sandbox: "Sandbox", said: str) -> list[str]:
    """Return the violated invariants."""
    from bench.rig.invariants import assert_invariants

    broken = [f"{name}: {count}" for name, count in crashes.broken.items()]
    if said:
        broken.append(said[-3000:])
    try:
        assert_invariants(sandbox)
    except AssertionError as error:
        broken.append(str(error)[:3000])
    return broken


def _read_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="kills", description="Workers of plans killed, on this machine only.")
    parser.add_argument("--kills", type=int, default=100, help="How many (100).")
    parser.add_argument("--stops", type=int, default=10, help="How often a worker is asked to stop (10).")
    parser.add_argument("--database", choices=["sqlite", "postgres"], default="sqlite", help="On which (sqlite).")
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(10**6), help="Default: any.")
    parser.add_argument("--parts", nargs="+", choices=["stops", "late", "kills"], default=["stops", "late", "kills"])
    return parser.parse_args()


@contextmanager
def _database(kind: str, folder: str) -> Iterator[str]:
    """Make a temporary database, and return its address."""
    if kind == "sqlite":
        yield f"sqlite:///{folder}/phone-desk.sqlite3"
        return
    name = f"phone_desk_kills_{secrets.token_hex(4)}"
    with psycopg.connect(POSTGRES + "postgres", connect_timeout=3, autocommit=True) as connection:
        connection.execute(f'CREATE DATABASE "{name}"')
    try:
        yield POSTGRES + name
    finally:
        with psycopg.connect(POSTGRES + "postgres", connect_timeout=3, autocommit=True) as connection:
            connection.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')


def _leave() -> None:
    from django.db import connections

    connections.close_all()


if __name__ == "__main__":
    sys.exit(main())
