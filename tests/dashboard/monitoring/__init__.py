"""What monitors and operators are told."""
