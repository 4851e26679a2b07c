"""What is set for a time, as pages show it."""
