"""Processes and connections of the server."""
