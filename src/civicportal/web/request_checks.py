"""The first check of every request.

Measured with Pyramid 2.1 and waitress 3.0: a stray byte in the URL, a multipart body without a boundary or deeply
nested JSON ends as an error 500 in a view; 200,000 form fields cost more than a second. Here they are answered with
400, 405 or 413 and a page that needs no template, no session and no database.
"""

from __future__ import annotations

import logging
import re
from dataclasses import dataclass
from wsgiref.types import WSGIEnvironment

from pyramid.config import Configurator
from pyramid.registry import Registry
from pyramid.response import Response
from pyramid.tweens import EXCVIEW, INGRESS
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from civicportal.core.limits import LimitExceeded
from civicportal.util.values import Values
from civicportal.web.multipart import close_form
from civicportal.web.refusal_page import RefusalPage
from civicportal.web.request import Handler, Request
from civicportal.web.request_body import (
    MULTIPART,
    RequestRefused,
    check_body,
    check_query,
    is_json,
    keep_readable_cookies,
)
from civicportal.web.rest.roots import root_of

__all__ = ["UPLOAD_COUNTED", "Rules", "attempts", "includeme", "request_check_tween_factory"]

log = logging.getLogger(__name__)

BODY_BYTES = 1024 * 1024
UPLOAD_BYTES = 44 * 1024 * 1024
JSON_BYTES = 64 * 1024
FIELDS = 200
WIDE_FIELDS = 2000
UPLOAD_COUNTED = "civicportal.upload_counted"
"""Key of the request's environment: pictures counted against its address before the body was read."""
METHODS = ("GET", "HEAD", "POST")
MONITORING = frozenset({"/healthz", "/readyz", "/readyz/worker", "/metrics"})
"""Monitoring systems use a node's address, not the portal's host name; these responses contain no addresses."""

_HOST = re.compile(r"(?P<name>[a-z0-9._-]{1,253}|\[[0-9a-f:.]{2,45}\])(:\d{1,5})?")
_LENGTH = re.compile(r"[0-9]{1,18}", re.ASCII)
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_LINE_BREAK = re.compile(r"[\x00\r\n]")


@dataclass(frozen=True)
class Rules:
    """The limits of one site.

    :ivar hosts: lower-case `host` or `host:port` the site answers to; None for any (demo and development).
    :ivar upload_paths: path prefixes whose multipart forms may be 44 MiB instead of 1 MiB.
    :ivar wide_form_paths: path prefixes whose forms may have 2,000 fields instead of 200.
    """

    hosts: frozenset[str] | None
    upload_paths: tuple[str, ...]
    wide_form_paths: tuple[str, ...]

    @classmethod
    def of(cls, settings: Values) -> Rules:
        """Read `civicportal.hosts`, `civicportal.upload_paths` and `civicportal.wide_form_paths` (lists)."""
        hosts = settings.get("civicportal.hosts")
        return cls(
            hosts=None if hosts is None else frozenset(host.lower() for host in hosts),
            upload_paths=tuple(settings.get("civicportal.upload_paths", ())),
            wide_form_paths=tuple(settings.get("civicportal.wide_form_paths", ())),
        )

    def body_limit(self, path: str, content_type: str) -> int:
        """Return the maximum body size for a content type."""
        kind = content_type.partition(";")[0].strip().lower()
        if is_json(kind):
            return JSON_BYTES
        return UPLOAD_BYTES if kind == MULTIPART and _below(path, self.upload_paths) else BODY_BYTES

    def field_limit(self, path: str) -> int:
        return WIDE_FIELDS if _below(path, self.wide_form_paths) else FIELDS

    def allows(self, host: str, path: str = "/") -> bool:
        match = _HOST.fullmatch(host.lower())
        if match is None:
            return False
        if path in MONITORING:
            return True
        return self.hosts is None or match["name"] in self.hosts or match.group() in self.hosts


def request_check_tween_factory(handler: Handler, registry: Registry) -> Handler:
    """Return the tween. Settings are read once."""
    rules = registry.request_rules = Rules.of(registry.settings or {})
    page = RefusalPage(registry)

    def request_check_tween(request: Request) -> Response:
        try:
            check(request, rules)
        except RequestRefused as refused:
            log.info("request refused with %d: %s", refused.status, refused)
            close_form(request)
            headers = {"Allow": ", ".join(METHODS)} if refused.status == 405 else {}
            return page(refused.status, request.environ, headers | refused.headers)
        try:
            return handler(request)
        finally:
            close_form(request)

    return request_check_tween


def attempts(request: Request) -> int | None:
    """Return the number of attempts for ``pyramid_retry``.

    It is None for the default. For a second attempt it copies the body before any tween sees the request. That is
    avoided for a body that is refused by its length, or that is seekable already, like those of waitress.
    """
    environ = request.environ
    try:
        check_length(environ, _body_limit(environ, request.registry.request_rules))
    except RequestRefused:
        return 1
    if environ.get("CONTENT_LENGTH") and hasattr(environ["wsgi.input"], "seek"):
        environ["webob.is_body_seekable"] = True
    return None


def check(request: Request, rules: Rules) -> None:
    """Check method, headers, host, URL and body, cheap checks first.

    :raises RequestRefused: with the status to answer, at the first problem.
    """
    environ = request.environ
    if environ["REQUEST_METHOD"] not in METHODS:
        raise RequestRefused(405, "method")
    for name, value in environ.items():
        if name.startswith(("HTTP_", "CONTENT_")) and _LINE_BREAK.search(value):
            raise RequestRefused(400, "line break in a header")
    keep_readable_cookies(request)
    path, host = _path(environ), environ.get("HTTP_HOST", "")
    if not rules.allows(host, path):
        raise RequestRefused(
            400, f"the host {host[:100]!r} is neither that of site.public_url nor one of site.hosts"
        )
    field_limit = rules.field_limit(path)
    check_query(request, field_limit)
    check_length(environ, _body_limit(environ, rules))
    _count_upload(request)
    root = root_of(request.registry, path)
    names = root.file_fields if root else ()
    # Many clients of an API name the type of a body that they do not send.
    if root is None or request.content_length:
        check_body(request, field_limit, files=_below(path, rules.upload_paths), names=names)


def check_length(environ: WSGIEnvironment, limit: int) -> None:
    """Check the announced length of the body.

    Before a byte is read.
    """
    length = environ.get("CONTENT_LENGTH") or "0"
    if not _LENGTH.fullmatch(length):
        raise RequestRefused(400, "content length")
    if int(length) > limit:
        raise RequestRefused(413, "body too large")
    if int(length) and environ["REQUEST_METHOD"] != "POST":
        raise RequestRefused(400, "body without a form")


def _count_upload(request: Request) -> None:
    """Count a large body against its address.

    It is large enough to contain pictures; counted before it is read.

    :raises RequestRefused: 429.
    """
    environ = request.environ
    # A set: a retried request counts once.
    if int(environ.get("CONTENT_LENGTH") or "0") <= BODY_BYTES or UPLOAD_COUNTED in environ:
        return
    site = getattr(request.registry, "site", None)
    if site is None:
        return
    environ[UPLOAD_COUNTED] = 1
    try:
        site.limits.hit("upload_address", request.remote_addr, by=request.requester)
    except LimitExceeded as full:
        headers = {"Retry-After": str(full.seconds_left(site.clock.now()))}
        raise RequestRefused(429, "too many pictures of an address", headers) from None
    except (DBAPIError, PoolTimeout):
        # The view itself reports an unreachable database.
        log.warning("an upload is not counted: the database does not answer")


def _body_limit(environ: WSGIEnvironment, rules: Rules) -> int:
    return rules.body_limit(_path(environ), environ.get("CONTENT_TYPE", ""))


def _path(environ: WSGIEnvironment) -> str:
    raw = environ.get("SCRIPT_NAME", "") + environ.get("PATH_INFO", "")
    try:
        path: str = raw.encode("latin-1").decode("utf-8")
    except UnicodeError:
        raise RequestRefused(400, "path is not UTF-8") from None
    if _CONTROL.search(path):
        raise RequestRefused(400, "control character in the path")
    return path


def _below(path: str, prefixes: tuple[str, ...]) -> bool:
    return any(path == prefix or path.startswith(prefix.rstrip("/") + "/") for prefix in prefixes)


def includeme(config: Configurator) -> None:
    """Add the tween above all others except that of the security headers."""
    config.add_tween(
        "civicportal.web.request_checks.request_check_tween_factory", under=INGRESS, over=EXCVIEW
    )
