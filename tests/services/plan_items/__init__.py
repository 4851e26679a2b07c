"""Tests of `phones/services/plan_items`."""
