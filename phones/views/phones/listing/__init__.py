"""The list of phones: its page, rows, filters, selection, views and export."""
