"""The overview of a project, and what it tells of syncs, disk and first steps."""
