"""The rows of plans as a work queue: who holds one, and what its change came to."""
