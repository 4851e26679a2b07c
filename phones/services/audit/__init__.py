"""The audit log: what was changed, each entry sealed in a hash chain; looking it up, exporting and verifying it."""
