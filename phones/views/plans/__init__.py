"""Choosing numbers, plans, their previews, runs and results."""
