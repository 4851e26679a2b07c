"""What the product does. A service never sees a request; the clock is passed in."""
