"""What can go wrong with a case."""

from translationstring import TranslationString

from civicportal.errors import CivicportalError, Conflict, NotFound
from civicportal.i18n import _


class CaseError(CivicportalError):
    """Something about a case is not as it must be."""


class StaleCase(CaseError, Conflict):
    """The form was made from an older version of the case."""


class CannotUndo(CaseError, Conflict):
    """It is too late, or somebody acted since."""


class Refused(CaseError):
    """A rule forbids the step at present.

    :ivar reason: why, for the person who tried.
    """

    def __init__(self, reason: TranslationString) -> None:
        super().__init__(str(reason))
        self.reason = reason


class PictureGone(Refused, NotFound):
    """A picture that came with a form is not there, not the sender's, or claimed already."""

    def __init__(self) -> None:
        super().__init__(_("A picture is not there any more. Please add it again."))
