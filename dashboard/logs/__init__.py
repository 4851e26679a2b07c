"""Log lines, and what they must not hold."""
