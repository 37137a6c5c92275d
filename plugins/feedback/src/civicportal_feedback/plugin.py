"""Criticism, suggestions, complaints and thanks."""
