"""Measurement of a served portal over HTTP, and of a minimal WSGI application, the floor, on the same machine."""
