"""Errors that belong to no domain. Each domain defines its own beside its services."""

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
    """There is no such object, or the actor may not know of it (answered as 404)."""


class Forbidden(CivicportalError):
    """The actor may see the object but lacks the right for this action (answered as 403)."""


class Conflict(CivicportalError):
    """The object was changed since it was read (answered as 409)."""


class Refused(CivicportalError):
    """A rule forbids this now; also for the guards and hooks of plugins.

    :ivar reason: the explanation for the user.
    """

    def __init__(self, reason: TranslationString) -> None:
        super().__init__(str(reason.interpolate()))
        self.reason = reason
