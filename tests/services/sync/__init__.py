"""Tests of `phones/services/sync`."""
