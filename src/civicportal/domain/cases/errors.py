"""Errors of cases."""

from translationstring import TranslationString

from civicportal.util.errors import CivicportalError, Conflict, NotFound
from civicportal.util.i18n import _


class CaseError(CivicportalError):
    """Base of all errors of cases."""


class StaleCase(CaseError, Conflict):
    """The form was made from an older version of the case."""


class CannotUndo(CaseError, Conflict):
    """It is too late to undo, or the case was changed since."""


class Refused(CaseError):
    """A rule forbids the transition now.

    :ivar reason: the explanation for the user.
    """

    def __init__(self, reason: TranslationString) -> None:
        super().__init__(str(reason))
        self.reason = reason


class PictureGone(Refused, NotFound):
    """An uploaded picture is missing, not the sender's, or already claimed."""

    def __init__(self) -> None:
        super().__init__(_("A picture is not there any more. Please add it again."))
