"""Pages: what holds for all of them here, the rest a folder a room."""
