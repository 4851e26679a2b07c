"""Tests of `phones/services/notes`."""
