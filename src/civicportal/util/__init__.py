"""Pure functions and values with nothing of a portal in them."""
