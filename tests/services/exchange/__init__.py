"""Tests of `phones/services/exchange`."""
