"""What a plan would do, by the copy or by fresh reads."""
