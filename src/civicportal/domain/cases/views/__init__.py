"""Views of citizens: their cases, tracking by code, pictures."""
