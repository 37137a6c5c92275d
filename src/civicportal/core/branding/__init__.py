"""Name, colours and contact of the municipality."""
