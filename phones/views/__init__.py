"""Thin function views, one module a noun."""
