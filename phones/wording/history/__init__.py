"""Sentences of the history: changes, acts, and what can be taken back."""
