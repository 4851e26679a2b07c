"""Our copy of Diga: passes over its lists, storing answers, and what others changed."""
