"""The worker and its queue."""
