"""What is done by itself at a later time."""
