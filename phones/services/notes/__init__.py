"""What this desk keeps on numbers by itself, notes and tags: Diga is never told."""
