"""How the stand-in is reached: over HTTP, or in process."""
