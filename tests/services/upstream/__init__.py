"""Tests of `phones/services/upstream`."""
