"""Tests of `phones/`."""
