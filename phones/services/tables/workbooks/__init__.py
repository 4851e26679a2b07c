"""Workbooks: read by a process of its own with little memory (`child`), whatever is in the file."""
