"""The log of changes, the page of one, and taking one back."""
