"""Pages of what is done by itself at a later time."""
