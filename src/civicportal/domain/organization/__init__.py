"""Units, categories and the working calendar of the municipality."""
