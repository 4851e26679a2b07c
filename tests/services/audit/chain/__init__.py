"""The hash chain of the log."""
