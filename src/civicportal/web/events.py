"""Pyramid events of the portal."""

from dataclasses import dataclass

from civicportal.web.request import Request


@dataclass(frozen=True)
class SessionReplaced:
    """The response gives the browser another session.

    :ivar old: the previous token.
    :ivar new: the new token.
    """

    request: Request
    old: str
    new: str
