"""Tests of `phones/services/editing`."""
