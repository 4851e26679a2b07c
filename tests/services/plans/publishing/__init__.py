"""Tests of plans that publish."""
