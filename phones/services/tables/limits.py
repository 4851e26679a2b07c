"""The limits of an uploaded table, and the exception that says why a file is not read."""

# All columns of 100,000 phones are some 24 MB of CSV.
FILE_LIMIT = 40 * 1024 * 1024
ROW_LIMIT = 100_000
COLUMN_LIMIT = 200
# Blank ones included: 50 columns of 100,000 rows.
CELL_LIMIT = 5_000_000
# The bytes that all cells take in memory; equal ones share a text. All columns of 100,000 phones are some 45 MB.
TEXT_LIMIT = 90 * 1024 * 1024


class NotATable(Exception):
    """The file can't be read as a table; `str()` of it is a translated sentence for the person."""
