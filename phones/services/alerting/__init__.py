"""Telling people: what is news in a project, and mails and webhooks about it."""
