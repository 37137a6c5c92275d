"""Errors of exports."""

from civicportal.util.errors import Conflict


class TooManyRunning(Conflict):
    """The person's earlier exports are not finished yet."""


class Lost(Exception):
    """This worker has lost the export: it was cancelled, or another worker has it."""


class Halted(Exception):
    """The worker is shutting down."""
