"""Logging of content security policy reports."""

import json
import re
from collections.abc import Iterator, Mapping
from urllib.parse import urlsplit

from pyramid.config import Configurator
from pyramid.httpexceptions import HTTPNoContent, HTTPRequestEntityTooLarge

from civicportal.core.limits import LimitExceeded
from civicportal.core.security import PagePermission
from civicportal.core.security_events import log_security_event
from civicportal.web.headers import REPORTS
from civicportal.web.request import Request, ViewResult

MOST_BYTES = 8 * 1024
MOST_REPORTS = 5
"""Maximum reports of one body."""
_SECRET = re.compile(r"[A-Za-z0-9_-]{20,}|\d{6,}")
_WORD = re.compile(r"[a-z][a-z-]{0,39}", re.ASCII)


def receive(request: Request) -> ViewResult:
    """Accept reports of browsers with 204."""
    if len(request.body) > MOST_BYTES:
        raise HTTPRequestEntityTooLarge
    try:
        request.site.limits.count_uses(("csp_address", request.remote_addr), ("csp_site",))
    except LimitExceeded:
        # Browsers cannot handle an error.
        return HTTPNoContent()
    for report in list(_reports(_read(request.body)))[:MOST_REPORTS]:
        log_security_event("csp.report", user=None, **_told(report))
    return HTTPNoContent()


def _read(body: bytes) -> object:
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        # The depth was checked only for bodies with a JSON content type.
        return None


def _reports(sent: object) -> Iterator[Mapping[str, object]]:
    """Yield reports with the field names of the Reporting API."""
    if isinstance(sent, dict) and isinstance(old := sent.get("csp-report"), dict):
        yield {
            "documentURL": old.get("document-uri"),
            "blockedURL": old.get("blocked-uri"),
            "effectiveDirective": old.get("effective-directive") or old.get("violated-directive"),
            "sourceFile": old.get("source-file"),
            "lineNumber": old.get("line-number"),
        }
    elif isinstance(sent, list):
        for one in sent:
            if (
                isinstance(one, dict)
                and one.get("type") == "csp-violation"
                and isinstance(one.get("body"), dict)
            ):
                yield one["body"]


def _told(report: Mapping[str, object]) -> dict[str, object]:
    directive = str(report.get("effectiveDirective") or "").partition(" ")[0]
    line = report.get("lineNumber")
    return {
        "directive": directive if _WORD.fullmatch(directive) else "",
        "page": _path(report.get("documentURL")),
        "blocked": _origin(report.get("blockedURL")),
        "source": _path(report.get("sourceFile")),
        "line": line if isinstance(line, int) and 0 <= line < 10**6 else None,
    }


def _path(address: object) -> str:
    """Return the path of a URL without query string, tokens, codes and numbers."""
    try:
        return _SECRET.sub("-", urlsplit(str(address or "")).path)[:120]
    except ValueError:
        return ""


def _origin(address: object) -> str:
    """Return scheme and host of a URL, or a keyword of browsers such as ``inline``."""
    text = str(address or "")
    if _WORD.fullmatch(text):
        return text
    try:
        parts = urlsplit(text)
        return f"{parts.scheme}://{parts.hostname or ''}"[:120]
    except ValueError:
        return ""


def includeme(config: Configurator) -> None:
    """Add the route without a CSRF check.

    A report changes nothing, and browsers send it without a token.
    """
    config.add_route("csp_reports", REPORTS)
    config.add_view(
        receive,
        route_name="csp_reports",
        request_method="POST",
        permission=PagePermission.EVERYBODY,
        require_csrf=False,
    )
