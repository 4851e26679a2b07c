"""Tests of `phones/services/projects`."""
