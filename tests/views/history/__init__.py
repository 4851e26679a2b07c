"""Tests of `phones/views/history`."""
