"""The list of phones."""
