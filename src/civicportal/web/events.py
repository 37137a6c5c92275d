"""What happened in a request that other parts of the portal react to, by Pyramid's subscribers."""

from dataclasses import dataclass

from civicportal.web.request import Request


@dataclass(frozen=True)
class SessionReplaced:
    """This answer gives the browser another session: somebody signs in or out.

    :ivar old: the token the browser had.
    :ivar new: the token it gets.
    """

    request: Request
    old: str
    new: str
