"""The audit log: changes, each sealed in a hash chain; queries, export and verification."""
