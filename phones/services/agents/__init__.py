"""Agents: which numbers they answer and dial from, and publishing another version of one for all its numbers."""
