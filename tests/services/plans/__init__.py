"""Tests of `phones/services/plans`."""
