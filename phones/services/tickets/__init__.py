"""What a ticket asks for: an agent and a reference, and what is uncertain about it. Pure: no database."""
