"""The list of benchmarks. A new one is a module with `TITLE` and `run(lab) -> Report`, and a line here."""

from bench.measures import (
    files,
    listing,
    opening,
    pacing,
    palette,
    pasting,
    planning,
    saving,
    scripts,
    sizes,
    starting,
    syncing,
    verifying,
)

BENCHMARKS = {
    "saving": saving,
    "scripts": scripts,
    "list": listing,
    "open": opening,
    "find": pasting,
    "palette": palette,
    "start": starting,
    "size": sizes,
    # Before the syncs, which begin anew by deleting rows past the log: the chain would tell.
    "verify": verifying,
    "sync": syncing,
    "plan": planning,
    "pace": pacing,
    "files": files,
}
