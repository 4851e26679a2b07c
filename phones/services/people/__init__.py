"""Members of a project, their roles and invitations."""
