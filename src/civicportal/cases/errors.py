"""What can go wrong with a case."""

from translationstring import TranslationString

from civicportal.errors import CivicportalError, Conflict


class CaseError(CivicportalError):
    """Something about a case is not as it must be."""


class StaleCase(CaseError, Conflict):
    """The form was made from an older version of the case."""


class Refused(CaseError):
    """A rule forbids the step at present.

    :ivar reason: why, for the person who tried.
    """

    def __init__(self, reason: TranslationString) -> None:
        super().__init__(str(reason))
        self.reason = reason
