"""What pages show of who answers, and of calls."""
