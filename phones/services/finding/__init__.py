"""The list of phones: search, filters, orders, keyset pages, saved views, and conditions that need attention."""
