"""Refuse a request by its head, before its body is received: waitress hands a request over when it is there whole."""

from __future__ import annotations

from collections.abc import Callable
from copy import copy
from typing import Any

from waitress.parser import HTTPRequestParser, ParsingError

__all__ = ["SLACK", "BodyLimit", "RequestParser"]

BodyLimit = Callable[[str, str], int]
"""Takes path and content type and returns the largest body in bytes that the application takes."""
SLACK = 1024 * 1024
"""Bytes beyond that limit which are still received, so that the application can say in a page of its own what was too much."""


class RequestParser(HTTPRequestParser):
    """Reads one request; what may not be received ends as 400 or 413 and closes the connection.

    :param body_limit: of the application; None for waitress's own limit alone.
    """

    def __init__(self, body_limit: BodyLimit | None, adj: Any) -> None:
        super().__init__(adj)
        self.adj: Any = adj
        self._body_limit = body_limit

    def parse_header(self, header_plus: bytes) -> None:
        """Read the head, and settle how large the body may be.

        :raises ParsingError: where the length of the body is said in two ways (RFC 9112 §6.1): two servers that believe
            different ones see different requests.
        """
        super().parse_header(header_plus)
        # Of HTTP/1.1 waitress takes the header away when it believes it.
        if (self.chunked and "CONTENT_LENGTH" in self.headers) or "TRANSFER_ENCODING" in self.headers:
            raise ParsingError("Content-Length and Transfer-Encoding exclude each other")
        if self._body_limit is not None:
            limit = self._body_limit(self.path, self.headers.get("CONTENT_TYPE", "")) + SLACK
            if limit < self.adj.max_request_body_size:
                self.adj = copy(self.adj)
                self.adj.max_request_body_size = limit
