"""Tests of `phones/services/agents`."""
