"""Refuse requests by their headers.

Waitress passes on complete requests only, so this is done before the body is received.
"""

from __future__ import annotations

from collections.abc import Callable
from copy import copy

from waitress.adjustments import Adjustments
from waitress.parser import HTTPRequestParser, ParsingError

__all__ = ["SLACK", "BodyLimit", "RequestParser"]

BodyLimit = Callable[[str, str], int]
"""Returns the application's limit of the body in bytes for a path and content type."""
SLACK = 1024 * 1024
"""Bytes beyond the limit that are still received, so that the application can answer with an error page."""


class RequestParser(HTTPRequestParser):
    """Parse one request.

    An unacceptable one is answered with 400 or 413 and the connection is closed.

    :param body_limit: the body limit of the application; None for that of waitress only.
    """

    def __init__(self, body_limit: BodyLimit | None, adj: Adjustments) -> None:
        super().__init__(adj)
        self.adj: Adjustments = adj
        self._body_limit = body_limit

    def parse_header(self, header_plus: bytes) -> None:
        """Parse the headers and determine the size limit of the body.

        :raises ParsingError: when the length of the body is given in two ways (RFC 9112 §6.1): servers that use
            different ones see different requests.
        """
        super().parse_header(header_plus)
        # For HTTP/1.1 waitress removes the header when it uses it.
        if (self.chunked and "CONTENT_LENGTH" in self.headers) or "TRANSFER_ENCODING" in self.headers:
            raise ParsingError("Content-Length and Transfer-Encoding exclude each other")
        if self._body_limit is not None:
            limit = self._body_limit(self.path, self.headers.get("CONTENT_TYPE", "")) + SLACK
            if limit < self.adj.max_request_body_size:
                self.adj = copy(self.adj)
                self.adj.max_request_body_size = limit
