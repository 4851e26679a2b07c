"""What the stand-in does wrong on demand."""
