"""Tests of `phones/views/agents`."""
