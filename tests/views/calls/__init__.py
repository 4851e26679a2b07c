"""Tests of `phones/views/calls`."""
