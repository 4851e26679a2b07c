"""People who have signed in, and what they prove it with."""
