"""Connecting, the overview, syncs, settings and people."""
