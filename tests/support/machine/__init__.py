"""What the site stands on in tests: Redis, disks, pickles, a queue in memory."""
