"""Tables in tests: rows made by hand, tampered with, emptied, restored, and what always holds of them."""
