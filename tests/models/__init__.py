"""Tables and what guards them."""
