"""Work that is measured in a process of its own, once."""
