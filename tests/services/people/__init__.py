"""Tests of `phones/services/people`."""
