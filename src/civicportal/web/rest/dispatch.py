"""Routes and views of operations: limits, headers, parameters and body, then the operation, then JSON."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import date, datetime
from functools import partial
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

import colander
from pyramid.config import Configurator
from pyramid.response import Response

from civicportal.core.security import TokenRequired
from civicportal.util.errors import ConfigurationError, Conflict, Refused
from civicportal.util.i18n import _
from civicportal.util.values import Values
from civicportal.web.request import Request
from civicportal.web.rest.limits import count_call
from civicportal.web.rest.operations import Call, Listed, Operation
from civicportal.web.rest.problems import Mistake, Problem, said
from civicportal.web.rest.reading import read_body, read_query
from civicportal.web.rest.repeats import RepeatService

KEY = re.compile(r"[\x21-\x7e]{8,100}", re.ASCII)
"""An idempotency key: printable ASCII without blanks."""
NOT_NOW = _("This is not possible in the present status. Read it again, then decide.")
_TAG = re.compile(r'"([0-9]{1,9})"', re.ASCII)


def add_operations(config: Configurator, operations: Iterable[Operation]) -> None:
    """Add operations to the API: routes, views, and their place in the document.

    :raises ConfigurationError: for a name that is taken.
    """
    known: dict[str, Operation] = config.registry.api_operations
    routes: dict[str, str] = config.registry.api_routes
    # Operations of one address may come from several domains.
    by_pattern = {known[name].pattern: route for name, route in routes.items()}
    for operation in operations:
        if operation.name in known:
            raise ConfigurationError(f"the API has two operations {operation.name!r}")
        known[operation.name] = operation
        route = by_pattern.get(operation.pattern)
        if route is None:
            route = by_pattern[operation.pattern] = operation.route
            config.add_route(route, operation.pattern)
        routes[operation.name] = route
        config.add_view(
            _view(operation),
            route_name=route,
            request_method=operation.method,
            permission=operation.permission,
            scope=operation.scope or None,
        )


def allowed_methods(request: Request) -> list[str]:
    """Return the methods of the operations at the address of a request; none where there is no operation."""
    route = request.matched_route.name if request.matched_route else ""
    registry = request.registry
    found = {
        registry.api_operations[name].method for name, one in registry.api_routes.items() if one == route
    }
    return sorted(found | {"HEAD"} if "GET" in found else found)


def answer(request: Request, operation: Operation) -> Response:
    """Answer a call of an operation.

    :raises Problem: when it is refused.
    """
    count_call(request)
    if operation.needs_token and request.token is None:
        raise TokenRequired
    if not request.accept.acceptable_offers(operation.media):
        raise Problem(406, _("This answers with ${types}.", mapping={"types": ", ".join(operation.media)}))
    bind = partial(bound, request, operation)
    query = read_query(request, bind(operation.query_schema()), operation.fields)
    body = read_body(request, bind(operation.body())) if operation.body else {}
    call = Call(
        request,
        operation,
        query=query,
        body=body,
        version=_version(request) if operation.method == "POST" and operation.has_version else None,
        key=_key(request) if operation.creates else "",
    )
    if operation.count is not None:
        operation.count(call)
    if operation.body_of is not None:
        call.body = read_body(request, operation.body_of(call))
    try:
        found = _once(call) if operation.creates else operation.call(call)
    except Refused as refusal:
        raise Problem(422, refusal.reason, errors=_mistakes(request, refusal)) from refusal
    except Conflict as conflict:
        raise Problem(409, NOT_NOW) from conflict
    return found if isinstance(found, Response) else _response(call, found)


def _mistakes(request: Request, refusal: Refused) -> Iterator[Mistake]:
    """Yield what a rule forbids, at its places in the body."""
    for pointer, text in refusal.pointers.items():
        mistake: Mistake = {"pointer": pointer, "detail": said(request, text)}
        if words := refusal.doubts.get(pointer):
            mistake["words"] = list(words)
        yield mistake


def _once(call: Call) -> object:
    """Answer a call that makes something: what it made before, if it was sent before."""
    content = call.request.path.encode() + b"\n" + call.request.body
    repeats = call.work.get(RepeatService)
    before = repeats.begin(call.caller, call.key, content)
    if before is not None and call.operation.again is not None:
        call.response.headers["Idempotency-Replayed"] = "true"
        return call.operation.again(call, before)
    found = call.operation.call(call)
    repeats.finish(call.result)
    return found


def _view(operation: Operation) -> Callable[[Request], Response]:
    def view(request: Request) -> Response:
        return answer(request, operation)

    # Named in the message for a view without a permission, and in the log.
    view.__qualname__ = f"api:{operation.name}"
    return view


def bound(request: Request, operation: Operation, schema: colander.SchemaNode) -> colander.SchemaNode:
    """Return a schema of an operation with its bindings."""
    site = request.site
    more: Values = {}
    if operation.bindings is not None:
        # Not the unit of work of a change: limits and pictures are written before that opens.
        with site.work(actor=request.identity, write=False, locale=request.locale_name) as work:
            more = operation.bindings(work)
    return schema.bind(
        country=site.country, calendar=site.calendar, days_off=lambda: request.days_off, **more
    )


def _version(request: Request) -> int | None:
    """Return the version of ``If-Match``; None for any version.

    :raises Problem: 428 without the header, 412 for what is no version.
    """
    given = request.headers.get("If-Match", "").strip()
    if not given:
        told = _("Send the header If-Match with the ETag of what you have read.")
        raise Problem(428, told, errors=[{"header": "If-Match", "detail": said(request, told)}])
    if given == "*":
        return None
    match = _TAG.fullmatch(given)
    if match is None:
        raise Problem(412, _("This is no ETag of this thing."))
    return int(match[1])


def _key(request: Request) -> str:
    """Return the idempotency key.

    :raises Problem: 400 without the header, or if it is too short or too long.
    """
    given = request.headers.get("Idempotency-Key", "")
    if not KEY.fullmatch(given):
        told = _("Send the header Idempotency-Key: 8 to 100 letters, digits and signs, new for each thing.")
        raise Problem(400, told, errors=[{"header": "Idempotency-Key", "detail": said(request, told)}])
    return given


def _response(call: Call, found: object) -> Response:
    request, response = call.request, call.response
    chosen = call.query.get("fields", ())
    if isinstance(found, Listed):
        items = [_some(item, chosen) for item in found.items]
        body: object = {"items": items, "next": found.next}
        if found.next:
            query = urlencode({**request.GET, "cursor": found.next})
            response.headers["Link"] = f'<{request.path}?{query}>; rel="next"'
    else:
        body = _some(found, chosen) if isinstance(found, Mapping) else found
    response.status_int = call.operation.status
    response.body = to_json(body, request.site.timezone)
    response.headers["Content-Type"] = "application/json"
    response.headers["Content-Language"] = request.locale_name
    response.vary = ("Authorization", "Accept-Language")
    response.cache_control = "private, no-cache"
    if call.operation.method == "GET" and response.etag is None:
        # Weak, because the same answer may be compressed.
        digest = hashlib.blake2b(response.body, digest_size=16).hexdigest()
        response.headers["ETag"] = f'W/"{digest}"'
    response.conditional_response = True
    return response


def _some(item: Mapping[str, object], chosen: tuple[str, ...]) -> Mapping[str, object]:
    return {name: item[name] for name in chosen} if chosen else item


def to_json(value: object, timezone: ZoneInfo) -> bytes:
    """Return a value as JSON: times in ISO 8601 with the offset of the city."""

    def other(value: object) -> str:
        if isinstance(value, datetime):
            return value.astimezone(timezone).isoformat(timespec="seconds")
        if isinstance(value, date):
            return value.isoformat()
        raise TypeError(f"{type(value).__name__} is no value of JSON")

    return json.dumps(value, ensure_ascii=False, default=other, separators=(",", ":")).encode()
