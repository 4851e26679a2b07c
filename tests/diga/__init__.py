"""The Diga client and the stand-in."""
