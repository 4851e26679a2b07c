"""What pages show of a save: the guard before it, its progress and its result."""
