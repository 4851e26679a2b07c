"""Changing one number: form, guard, conflict, outcome, undo."""
