"""Views of the help pages."""
