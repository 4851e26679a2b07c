"""What people type to make, start and repeat plans."""
