"""The calls of a number or an agent, beside the number and on pages of their own."""
