"""The one way to change a phone: guard, read, compare, log, one PATCH, and what became of it."""
