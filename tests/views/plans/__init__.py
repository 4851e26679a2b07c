"""Tests of `phones/views/plans`."""
