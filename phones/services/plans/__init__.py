"""Many phones at once: drafts, the preview, the lifecycle, and what follows from a plan."""
