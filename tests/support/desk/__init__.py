"""What people and workers do in tests: save, plan, publish, and die at it."""
