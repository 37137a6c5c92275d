"""Views of tokens."""
