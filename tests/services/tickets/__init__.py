"""Tests of `phones/services/tickets`."""
