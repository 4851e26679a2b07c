"""What belongs to one person: sessions, invitations, preferences, saved views."""
