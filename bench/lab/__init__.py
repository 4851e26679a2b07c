"""What is measured runs here: the stand-in, temporary databases, and the site in front of them."""
