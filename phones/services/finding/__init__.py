"""The list of numbers: search, filters, order, pages, saved views, and what needs a look."""
