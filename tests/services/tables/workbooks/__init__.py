"""Tests of `phones/services/tables`."""
