"""Benchmarks of Phone Desk, run by `make bench`: everything on loopback, in throw-away folders and databases.

Each benchmark is a module with its own baselines and goals, listed in `bench.suite`. Speeds are judged as ratios
to baselines measured in the same run, since absolute times say more about the machine than about Phone Desk.
"""
