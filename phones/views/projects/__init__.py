"""Connecting a project, the overview, syncs, settings and people."""
