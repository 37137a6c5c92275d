"""The announcement board."""
