"""Members of a project, and how people are named."""
