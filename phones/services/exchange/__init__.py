"""Phones to and from files: CSV and workbooks, and which cells of an export were edited."""
