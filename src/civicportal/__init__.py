"""civicportal: a plugin-based framework for municipal service portals."""

__version__ = "0.1.0"
