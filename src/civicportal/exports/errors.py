"""Why an export is not made."""

from civicportal.errors import Conflict


class TooManyRunning(Conflict):
    """The person's earlier exports are not finished yet."""


class Lost(Exception):
    """The export is no longer this worker's: it was cancelled, or another worker has it."""


class Halted(Exception):
    """The worker is told to stop."""
