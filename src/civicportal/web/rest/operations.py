"""Operations of the API: what one declares, and what it gets of a call."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal, TypeVar, get_type_hints

import colander
from translationstring import TranslationString

from civicportal.core.security import PagePermission
from civicportal.util.i18n import _
from civicportal.util.values import Values
from civicportal.web.request import Request
from civicportal.web.rest.problems import Problem, said
from civicportal.web.schema import BoundedInt, CleanText, Node, StrictSchema

if TYPE_CHECKING:
    from pyramid.response import Response

    from civicportal.core.work import Work

ROOT = "/api/v1"
USUAL, MOST = 25, 100
"""Items of a page: by default, and at most."""
PARAMETER = re.compile(r"\{(\w+)(?::((?:[^{}]|\{[^{}]*\})+))?\}")
"""A part of a path in braces, as Pyramid writes it: a name, and the expression that it matches."""

_CURSOR = re.compile(r"[0-9]{1,18}", re.ASCII)
Bindings = Callable[["Work"], Values]
Row = TypeVar("Row")


class PageQuery(StrictSchema):
    """The parameters of a list; those of a list add its filters."""

    limit = Node(BoundedInt(1, MOST), title=_("Number of items of a page"), missing=USUAL)
    cursor = Node(CleanText(1, 200), title=_("Position of the page, from the answer before it"), missing=None)


@dataclass(frozen=True, kw_only=True)
class Listed:
    """A page of a list.

    :ivar items: of the type that the operation returns.
    :ivar next: cursor of the next page, None on the last one.
    """

    items: Sequence[Mapping[str, object]]
    next: str | None = None


@dataclass(frozen=True, kw_only=True)
class Operation:
    """One operation of the API.

    :ivar name: unique, such as ``cases.list``: the ``operationId`` of the document; that of a plugin begins with the
        plugin's name. Its first part groups the operations of the reference.
    :ivar path: below ``/api/v1``, with parameters as Pyramid writes them, such as ``/cases/{code:[0-9]{10}}``; that of
        a plugin is below the plugin's folder.
    :ivar title: what it does, in a few words.
    :ivar call: answers a call with an object of ``returns``, a :class:`Listed` of them, or a response.
    :ivar returns: a ``TypedDict``, whose keys and types the document describes; None for files.
    :ivar scope: the scope that a token needs; empty for what is public.
    :ivar permission: of the page, in addition; ``EVERYBODY`` for what is public.
    :ivar query: schema of the parameters; ``limit``, ``cursor`` and ``fields`` are added.
    :ivar body: schema of the body of a POST.
    :ivar takes_file: whether the body is a file, which the operation reads itself.
    :ivar bindings: returns the bindings of both schemas besides country and calendar.
    :ivar is_list: whether it returns pages of items.
    :ivar status: of success.
    :ivar creates: whether a POST makes something, so that an ``Idempotency-Key`` is required.
    :ivar again: of an operation that creates: returns the answer for what it has made before, and has called with
        :meth:`Call.made`.
    :ivar count: counts a call of valid values against limits, before the unit of work writes: SQLite has room for one
        writer.
    :ivar needs_token: whether it needs a token, though it has no scope.
    :ivar body_of: returns the schema of a body that depends on the call; the document takes any object.
    :ivar has_version: whether the answer has the ``ETag`` of a version; a POST then requires ``If-Match``.
    :ivar media: types of the answer.
    """

    name: str
    path: str
    title: TranslationString
    call: Callable[[Call], object]
    returns: type | None
    method: Literal["GET", "POST"] = "GET"
    scope: str = ""
    permission: str = PagePermission.SIGNED_IN
    query: type[StrictSchema] = StrictSchema
    body: type[StrictSchema] | None = None
    takes_file: bool = False
    bindings: Bindings | None = field(default=None)
    is_list: bool = False
    status: int = 200
    creates: bool = False
    again: Callable[[Call, str], object] | None = field(default=None)
    count: Callable[[Call], None] | None = field(default=None)
    needs_token: bool = False
    body_of: Callable[[Call], colander.SchemaNode] | None = field(default=None)
    has_version: bool = False
    media: tuple[str, ...] = ("application/json",)

    @property
    def route(self) -> str:
        """Return the name of its route: that of a plugin's begins with the plugin's name."""
        group, _dot, rest = self.name.partition(".")
        return f"{group}.api.{rest}"

    @property
    def group(self) -> str:
        """Return the part of the reference in which it stands."""
        return self.name.partition(".")[0]

    @property
    def pattern(self) -> str:
        """Return the pattern of the route."""
        return f"{ROOT}{self.path}"

    @property
    def template(self) -> str:
        """Return the path with names only, as the document writes it."""
        return PARAMETER.sub(r"{\1}", self.path)

    @property
    def parameters(self) -> dict[str, str]:
        """Return the expressions of the path's parameters by name."""
        return {name: pattern or r"[^/]+" for name, pattern in PARAMETER.findall(self.path)}

    @property
    def is_public(self) -> bool:
        """Return whether it needs no token."""
        return self.permission == PagePermission.EVERYBODY and not self.needs_token

    @property
    def fields(self) -> tuple[str, ...]:
        """Return the names that the parameter ``fields`` may contain."""
        return tuple(get_type_hints(self.returns)) if self.returns is not None else ()

    def query_schema(self) -> StrictSchema:
        """Return the schema of the parameters, with those of a list."""
        schema = self.query()
        if self.is_list:
            schema.children = [*PageQuery().children, *schema.children]
        return schema


class Call:
    """One call of an operation.

    :ivar request: the request.
    :ivar query: values of the parameters.
    :ivar body: values of the body.
    :ivar matched: parameters of the path.
    :ivar version: of ``If-Match``; None if there is none, or any version will do.
    :ivar key: of ``Idempotency-Key``.
    :ivar result: what the call has made, see :meth:`made`.
    """

    def __init__(
        self,
        request: Request,
        operation: Operation,
        *,
        query: Values,
        body: Values,
        version: int | None,
        key: str,
    ) -> None:
        self.request, self.operation = request, operation
        self.query, self.body, self.version, self.key = query, body, version, key
        self.matched: Mapping[str, str] = request.matchdict or {}
        self.result = ""

    @property
    def work(self) -> Work:
        """Return the unit of work."""
        return self.request.work

    @property
    def response(self) -> Response:
        """Return the response, for headers."""
        return self.request.response

    def say(self, text: TranslationString | str) -> str:
        """Return a text in the caller's language."""
        return said(self.request, text)

    def link(self, operation: str, **matched: object) -> str:
        """Return the path of another operation."""
        route = self.request.registry.api_routes[operation]
        return str(self.request.route_path(route, **matched))

    @property
    def caller(self) -> str:
        """Return the token that calls, under which keys and pictures are stored."""
        return f"token {self.work.actor.token_id}"

    def bind(self, schema: colander.SchemaNode, more: Values) -> colander.SchemaNode:
        """Return a schema with its bindings, country and calendar among them."""
        request, site = self.request, self.request.site
        return schema.bind(
            country=site.country, calendar=site.calendar, days_off=lambda: request.days_off, **more
        )

    def made(self, name: str) -> None:
        """Say what the call has made, by which it is found again when the call is repeated.

        :param name: at most 100 characters, such as a tracking code.
        """
        self.result = name

    @staticmethod
    def version_of(*state: object) -> int:
        """Return the version of a thing that has no column for one: a number that is another one after every change.

        :param state: what the answer shows of it, of types whose ``repr`` tells their value.
        """
        digest = hashlib.blake2b(repr(state).encode(), digest_size=4).digest()
        return int.from_bytes(digest, "big") % 10**9

    def tag(self, version: int) -> None:
        """Set the version of the answer as its ``ETag``."""
        self.response.etag = str(version)

    def wrong_parameter(self, name: str, text: TranslationString) -> Problem:
        """Return the problem of one parameter that only the operation can judge, to be raised."""
        return Problem(
            400,
            _("A parameter of the address is not correct."),
            errors=[{"parameter": name, "detail": self.say(text)}],
        )

    def wrong_cursor(self) -> Problem:
        """Return the problem of a cursor of another list, to be raised."""
        return self.wrong_parameter(
            "cursor", _("This is no cursor of this list. Take the one of the answer before.")
        )

    def window(self, rows: Sequence[Row], id_of: Callable[[Row], int]) -> tuple[Sequence[Row], str | None]:
        """Return the rows of a page of a short list, and the cursor of the next one.

        :param rows: all of them, by rising ids.
        :raises Problem: 400 for a cursor of another list.
        """
        limit, after = self.query["limit"], self.query["cursor"]
        if after is not None:
            if not _CURSOR.fullmatch(after):
                raise self.wrong_cursor()
            rows = [row for row in rows if id_of(row) > int(after)]
        found = rows[:limit]
        return found, str(id_of(found[-1])) if len(rows) > limit else None

    def wrong_field(self, pointer: str, text: TranslationString | str) -> Problem:
        """Return the problem of one value of the body that only the operation can judge, to be raised.

        :param pointer: of the value, such as ``#/category``.
        """
        return Problem(422, errors=[{"pointer": pointer, "detail": self.say(text)}])

    def require_version(self, version: int) -> None:
        """Refuse the call if it was made for another version.

        :raises Problem: 412.
        """
        if self.version is not None and self.version != version:
            raise Problem(
                412,
                _("This was changed since you read it. Read it again, then decide."),
                headers={"ETag": f'"{version}"'},
            )
