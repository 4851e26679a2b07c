"""Tests of `phones/services/finding`."""
