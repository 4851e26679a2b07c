"""Projects, their keys, and which Diga project a key opens."""
