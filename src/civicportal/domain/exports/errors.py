"""Errors of exports."""

from civicportal.util.errors import Conflict


class TooManyRunning(Conflict):
    """The person's earlier exports are not finished yet."""


class ExportLeaseLost(Exception):
    """This worker has lost the export."""


class WorkerStopping(Exception):
    """The worker is shutting down."""
