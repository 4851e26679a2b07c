"""Tests of `phones/views/phones`."""
