"""The stand-in Diga."""
