"""Views of exports."""
