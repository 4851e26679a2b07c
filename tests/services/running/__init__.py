"""Tests of `phones/services/running`."""
