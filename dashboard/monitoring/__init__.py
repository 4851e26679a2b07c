"""What monitors and operators are told of this site and its machines."""
