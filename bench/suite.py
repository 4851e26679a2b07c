"""The list of benchmarks. A new one is a module with `TITLE` and `run(lab) -> Report`, and a line here."""

from bench import crowd, files, listing, pacing, pasting, planning, saving, scripts, sizes, starting, syncing, verifying

BENCHMARKS = {
    "saving": saving,
    "scripts": scripts,
    "list": listing,
    "find": pasting,
    "start": starting,
    "size": sizes,
    "sync": syncing,
    "verify": verifying,
    "plan": planning,
    "pace": pacing,
    "crowd": crowd,
    "files": files,
}
