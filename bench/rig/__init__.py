"""Shared by benchmarks and tests: plans, killed workers, invented tickets, and the invariants after every fault."""
