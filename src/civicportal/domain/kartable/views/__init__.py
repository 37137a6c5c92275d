"""Views of the kartable."""
