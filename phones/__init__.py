"""The phones of a Diga account: a copy, an audit log, and one way to change them."""
