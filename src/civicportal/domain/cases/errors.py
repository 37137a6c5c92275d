"""Errors of cases."""

from civicportal.util.errors import Conflict, NotFound, Refused
from civicportal.util.i18n import _

__all__ = ["AttachmentNotFound", "CannotUndo", "Refused", "StaleVersion"]


class StaleVersion(Conflict):
    """The form was made from an older version of the case."""


class CannotUndo(Conflict):
    """It is too late to undo, or the case was changed since."""


class AttachmentNotFound(Refused, NotFound):
    """An uploaded picture is missing, not the sender's, or already claimed."""

    def __init__(self) -> None:
        super().__init__(_("A picture is not there any more. Please add it again."))
