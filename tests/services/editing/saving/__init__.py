"""One save, step by step."""
