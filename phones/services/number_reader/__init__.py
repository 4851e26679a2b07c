"""Telephone numbers in any text. Pure: no database, no network."""
