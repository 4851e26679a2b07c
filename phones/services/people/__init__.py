"""Members of a project, and the names they are shown by."""
