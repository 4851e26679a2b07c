"""Signing in, in Chromium."""
