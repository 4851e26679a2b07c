"""Numbers out to files and back in: CSV and workbooks, and which cells of an export were edited."""
