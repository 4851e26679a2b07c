"""Tests of `phones/services/audit`."""
