"""Tests of `phones/services/number_reader`."""
