"""Sentences of the pages of a project: its people, invitations, alerts."""
