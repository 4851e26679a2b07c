"""Plans and publishing, in Chromium."""
