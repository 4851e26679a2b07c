"""Tests of `phones/services/routing`."""
