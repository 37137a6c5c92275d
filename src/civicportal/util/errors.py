"""Errors of no particular domain."""

from collections.abc import Mapping, Sequence

from translationstring import TranslationString

RETRY_SECONDS = 5
"""Seconds of the header ``Retry-After`` for temporary failures."""


class CivicportalError(Exception):
    """Base of all errors raised on purpose by this package."""


class ConfigurationError(CivicportalError):
    """The portal cannot be assembled; the message names the setting to correct."""


class ReadOnlyWork(CivicportalError):
    """A read-only unit of work was asked to write: a programming error."""


class NotFound(CivicportalError):
    """The object does not exist or is hidden (404).

    The actor may not know of a hidden one.
    """


class Forbidden(CivicportalError):
    """The actor lacks the right for this action (403).

    The object itself is visible.

    :ivar reason: the explanation for programs, empty if there is none.
    """

    def __init__(self, message: str = "", reason: TranslationString | str = "") -> None:
        super().__init__(message)
        self.reason = reason


class Conflict(CivicportalError):
    """The object was changed since it was read (answered as 409)."""


class Refused(CivicportalError):
    """A rule forbids this now.

    :ivar reason: the explanation for the user.
    """

    def __init__(self, reason: TranslationString) -> None:
        super().__init__(str(reason.interpolate()))
        self.reason = reason

    @property
    def pointers(self) -> Mapping[str, str]:
        """Return the reasons by their places in the body of a call, as JSON pointers; none for the whole."""
        return {}

    @property
    def doubts(self) -> Mapping[str, Sequence[str]]:
        """Return words by the same places that the caller may allow after all; none where only another value helps."""
        return {}
