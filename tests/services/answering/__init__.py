"""Tests of `phones/services/answering`."""
