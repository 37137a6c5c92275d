"""The views of administration."""
