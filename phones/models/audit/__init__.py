"""The log of changes and acts, its seals, and what the database refuses."""
