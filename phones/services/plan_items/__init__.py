"""The rows of plans as a work queue: its lease, and its state by its change."""
