"""Errors that belong to no single domain. Each domain defines its own small classes beside its services."""

from translationstring import TranslationString

RETRY_SECONDS = 5
"""Of the header ``Retry-After`` where the portal cannot do at the moment what it could do a little later."""


class CivicportalError(Exception):
    """Base of every error this package raises on purpose."""


class ConfigurationError(CivicportalError):
    """The portal cannot be assembled as configured; the text names the place to mend."""


class ReadOnlyWork(CivicportalError):
    """A read-only unit of work was asked to write: a programming error."""


class NotFound(CivicportalError):
    """There is no such thing, or the actor may not know that there is (answered as 404)."""


class Forbidden(CivicportalError):
    """The actor may see the thing but not do this with it (answered as 403)."""


class Conflict(CivicportalError):
    """Somebody else changed the thing since it was read (answered as 409)."""


class NotPossible(CivicportalError):
    """A rule forbids the deed.

    :ivar reason: why, for the person who tried.
    """

    def __init__(self, reason: TranslationString) -> None:
        super().__init__(str(reason.interpolate()))
        self.reason = reason
