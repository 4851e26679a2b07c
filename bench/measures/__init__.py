"""The benchmarks: each a module with `TITLE` and `run(lab) -> Report`."""
