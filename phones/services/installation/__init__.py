"""This installation as a copy: its backup, its restore, and whether anything may be done by itself in it."""
