"""Meetings with the mayor."""
