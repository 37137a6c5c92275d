"""The document of the API, and its reference page."""

from __future__ import annotations

import json
from functools import partial

from pyramid.response import Response

from civicportal.util.i18n import _
from civicportal.web.request import Request, ViewResult
from civicportal.web.rest.dispatch import bound
from civicportal.web.rest.document import Schema, openapi
from civicportal.web.rest.operations import ROOT
from civicportal.web.rest.problems import said
from civicportal.web.rest.reference import shown_objects, shown_operations

ABOUT = _("Cases, categories and units of the city for other software. Times are in ISO 8601 with an offset.")
SECONDS = 60
"""Life of the document in caches."""


def document(request: Request) -> Response:
    """Return the OpenAPI document in the caller's language."""
    response = request.response
    response.body = json.dumps(_document(request), ensure_ascii=False).encode()
    response.headers["Content-Type"] = "application/vnd.oai.openapi+json;version=3.1"
    response.headers["Content-Language"] = request.locale_name
    response.cache_control = f"public, max-age={SECONDS}"
    response.vary = ("Accept-Language",)
    response.md5_etag()
    response.conditional_response = True
    return response


def reference(request: Request) -> ViewResult:
    """Show the document as a page."""
    found = _document(request)
    return {
        "title": _title(request),
        "about": said(request, ABOUT),
        "address": f"{_base(request)}{ROOT}",
        "operations": list(shown_operations(found)),
        "objects": list(shown_objects(found)),
    }


def _title(request: Request) -> str:
    name = request.site.branding_in(request.locale_name).name
    return said(request, _("Interface for programs: ${name}", mapping={"name": name}))


def _base(request: Request) -> str:
    return request.site.public_url or request.host_url


def _document(request: Request) -> Schema:
    return openapi(
        request.registry.api_operations.values(),
        root=f"{_base(request)}{ROOT}",
        title=_title(request),
        description=said(request, ABOUT),
        contact=_base(request),
        say=partial(said, request),
        bind=partial(bound, request),
    )
