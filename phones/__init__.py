"""The phones of a Diga account: a copy, a diary, and one way to change them."""
