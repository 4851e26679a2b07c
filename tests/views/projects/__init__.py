"""Tests of `phones/views/projects`."""
