"""Documents of GeoReport v2: one value as XML or as JSON."""

import json
import re
from collections.abc import Mapping, Sequence
from html import escape

from pyramid.response import Response

FORMATS = {"xml": "text/xml", "json": "application/json"}
"""Types of the answers by the ending of the address."""
CHARSET = "utf-8"
CORS = {"Access-Control-Allow-Origin": "*", "Cross-Origin-Resource-Policy": "cross-origin"}
"""Pages of other sites may read it, without cookies: tokens are sent by those who have them."""
Item = Mapping[str, object]

ITEMS = {
    "attributes": "attribute",
    "endpoints": "endpoint",
    "errors": "error",
    "formats": "format",
    "notes": "note",
    "photos": "photo",
    "service_request_updates": "request_update",
    "service_requests": "request",
    "services": "service",
    "values": "value",
}
"""Names of the items of a list in XML, by the name of the list."""
_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""Characters that XML 1.0 cannot contain."""


def document(form: str, root: str, value: object) -> bytes:
    """Return a document.

    JSON leaves out the root element; a list is an array, and nothing is ``null``.

    :param form: "xml" or "json".
    :param root: name of the root element in XML.
    """
    if form == "json":
        return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()
    content = _NOT_XML.sub("", _element(root, value))
    return f'<?xml version="1.0" encoding="{CHARSET}"?>\n{content}\n'.encode()


def respond(form: str, root: str, value: object, status: int = 200) -> Response:
    """Return the response with a document."""
    response = Response(document(form, root, value), status=status)
    response.headers["Content-Type"] = f"{FORMATS[form]}; charset={CHARSET}"
    response.headers.update(CORS)
    return response


def refuse(path: str, status: int, title: str, detail: str) -> Response:
    """Return the answer to a refused call, in the format that was asked for.

    The specification knows 400, 403 and 404; a missing token is 403, and what cannot be done is 400.
    """
    return refused(path, {401: 403, 409: 400, 422: 400}.get(status, status), [detail or title])


def refused(path: str, status: int, descriptions: Sequence[str]) -> Response:
    """Return an answer with one error for each description."""
    form = "json" if path.endswith(".json") else "xml"
    errors = [{"code": status, "description": description} for description in descriptions]
    response = respond(form, "errors", errors, status)
    response.cache_control = "no-store"
    return response


def _element(name: str, value: object) -> str:
    if value is None or value == []:
        return f"<{name}/>"
    if isinstance(value, str):
        return f"<{name}>{escape(value, quote=False)}</{name}>"
    if isinstance(value, Mapping):
        return f"<{name}>{''.join(_element(key, part) for key, part in value.items())}</{name}>"
    if isinstance(value, list):
        return f"<{name}>{''.join(_element(ITEMS[name], item) for item in value)}</{name}>"
    return f"<{name}>{json.dumps(value)}</{name}>"
