"""What benchmarks and tests share: plans, killed workers, invented tickets, and what holds after every fault."""
