"""Benchmarks of Phone Desk, run by `make bench`: on loopback, in temporary folders and databases.

Each benchmark is a module with its own baselines and goals, listed in `bench.suite`. Speeds are judged as ratios to
baselines measured in the same run, since absolute times depend on the machine.
"""
