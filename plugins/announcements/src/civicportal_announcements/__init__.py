"""The announcement board."""

__version__ = "0.1.0"
