"""Request id and client address for every line of the log."""

import re
import secrets

from pyramid.config import Configurator
from pyramid.registry import Registry
from pyramid.response import Response
from pyramid.tweens import INGRESS

from civicportal.core.logging import ORIGIN, Origin
from civicportal.web.request import Handler, Request

_NUMBER = re.compile(r"[0-9a-f]{32}", re.ASCII)


def origin_tween_factory(handler: Handler, _registry: Registry) -> Handler:
    """Return the tween for request id and client address."""

    def origin_tween(request: Request) -> Response:
        number = request.environ.get("HTTP_X_REQUEST_ID", "")
        if not _NUMBER.fullmatch(number):
            number = secrets.token_hex(16)
        before = ORIGIN.set(Origin(address=request.remote_addr or "", request=number))
        try:
            return handler(request)
        finally:
            ORIGIN.reset(before)

    return origin_tween


def includeme(config: Configurator) -> None:
    """Add the tween above all others."""
    config.add_tween(
        "civicportal.web.origin.origin_tween_factory",
        under=INGRESS,
        over=(
            "civicportal.web.headers.headers_tween_factory",
            "civicportal.web.request_checks.request_check_tween_factory",
        ),
    )
