"""The OpenAPI 3.1 document, generated from the operations and their schemas."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date, datetime
from functools import partial
from types import NoneType, UnionType
from typing import Annotated, Literal, Union, get_args, get_origin, get_type_hints, is_typeddict

import colander
from translationstring import TranslationString

from civicportal.util.i18n import _
from civicportal.web.rest.operations import Operation
from civicportal.web.rest.reading import most_of
from civicportal.web.schema import (
    BoundedInt,
    Choice,
    CityDate,
    CleanText,
    FiniteFloat,
    Flag,
    JsonObject,
    Key,
    ListOf,
    Mobile,
)

Schema = dict[str, object]
Say = Callable[[TranslationString | str], str]

_REFUSALS = {
    400: _("A parameter, a header or the body cannot be read"),
    401: _("No token, or one that is not valid"),
    403: _("The token or the person may not do this"),
    404: _("It does not exist, or may not be seen"),
    406: _("There is no answer in this format"),
    409: _("It was changed in the meantime, or is not possible now"),
    412: _("It was changed since it was read"),
    413: _("The body is too large"),
    415: _("The content type is not accepted"),
    422: _("The body has mistakes, which are listed"),
    428: _("The header If-Match is missing"),
    429: _("Too many calls: try again after the time of Retry-After"),
}


def openapi(
    operations: Iterable[Operation],
    *,
    root: str,
    title: str,
    description: str,
    contact: str,
    say: Say,
    bind: Callable[[Operation, colander.SchemaNode], colander.SchemaNode],
) -> Schema:
    """Return the document.

    :param root: address of the API.
    :param contact: address of a page that says whom to ask.
    :param say: translates a text.
    :param bind: binds a schema of an operation.
    """
    types = _Types(say)
    paths: dict[str, dict[str, Schema]] = {}
    groups: dict[str, None] = {}
    for operation in operations:
        groups[operation.group] = None
        described = _operation(operation, types, say, partial(bind, operation))
        paths.setdefault(operation.template, {})[operation.method.lower()] = described
    return {
        "openapi": "3.1.0",
        "info": {"title": title, "version": "1", "description": description, "contact": {"url": contact}},
        "servers": [{"url": root}],
        "tags": [{"name": name} for name in groups],
        "security": [{"token": []}],
        "paths": paths,
        "components": {
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
            "schemas": {**types.components, "Problem": _problem(say)},
        },
    }


def _problem(say: Say) -> Schema:
    """Return the schema of a problem document."""
    words = say(_("Words of a text that may be sent in “allowed”, once a person says that they are no names"))
    mistake: Schema = {
        "pointer": {"type": "string"},
        "parameter": {"type": "string"},
        "header": {"type": "string"},
        "detail": {"type": "string"},
        "words": {"type": "array", "items": {"type": "string"}, "description": words},
    }
    errors = {"type": "object", "required": ["detail"], "properties": mistake}
    return {
        "type": "object",
        "required": ["type", "title", "status"],
        "properties": {
            "type": {"type": "string"},
            "title": {"type": "string"},
            "status": {"type": "integer"},
            "detail": {"type": "string"},
            "errors": {"type": "array", "items": errors},
        },
    }


class _Types:
    """JSON Schema of Python types; each ``TypedDict`` becomes a component."""

    def __init__(self, say: Say) -> None:
        self.components: dict[str, Schema] = {}
        self._say = say

    def of(self, hint: object) -> Schema:
        """Return the schema of a type."""
        origin, args = get_origin(hint), get_args(hint)
        if origin is Annotated:
            text = next(one for one in args[1:] if isinstance(one, str))
            return {**self.of(args[0]), "description": self._say(text)}
        if origin in (Union, UnionType):
            return self._nullable([one for one in args if one is not NoneType], NoneType in args)
        if origin is Literal:
            return {"type": "string", "enum": list(args)}
        if origin in (list, Sequence):
            return {"type": "array", "items": self.of(args[0])}
        if origin in (dict, Mapping):
            return {"type": "object", "additionalProperties": self.of(args[1])}
        if isinstance(hint, type) and is_typeddict(hint):
            return self._component(hint)
        return dict(_SIMPLE[hint])

    def _nullable(self, args: list[object], nullable: bool) -> Schema:
        found = [self.of(one) for one in args]
        if nullable and len(found) == 1 and isinstance(found[0].get("type"), str):
            kind = found[0]
            many: Schema = {**kind, "type": [kind["type"], "null"]}
            if "enum" in kind:
                many["enum"] = [*_list(kind["enum"]), None]
            return many
        return {"anyOf": [*found, *([{"type": "null"}] if nullable else [])]}

    def _component(self, hint: type) -> Schema:
        name = hint.__name__
        if name not in self.components:
            self.components[name] = {}
            hints = get_type_hints(hint, include_extras=True)
            self.components[name] = {
                "type": "object",
                "required": [one for one in hints if one in hint.__required_keys__],  # type: ignore[attr-defined]
                "properties": {one: self.of(kind) for one, kind in hints.items()},
            }
        return {"$ref": f"#/components/schemas/{name}"}


_SIMPLE: dict[object, Schema] = {
    str: {"type": "string"},
    int: {"type": "integer"},
    float: {"type": "number"},
    bool: {"type": "boolean"},
    datetime: {"type": "string", "format": "date-time"},
    date: {"type": "string", "format": "date"},
    object: {},
}


def _list(value: object) -> list[object]:
    return list(value) if isinstance(value, list) else []


def of_node(node: colander.SchemaNode, say: Say) -> Schema:
    """Return the JSON Schema of a field; values that may be left out may also be null."""
    found = {**_of_type(node, say), **_said(node, say)}
    if not node.required:
        if isinstance(found.get("type"), str):
            found["type"] = [found["type"], "null"]
        if "enum" in found:
            found["enum"] = [*_list(found["enum"]), None]
        if node.missing not in (None, "", colander.drop, colander.null, ()) and isinstance(
            node.missing, (str, int, float, bool)
        ):
            found["default"] = node.missing
    return found


def of_schema(schema: colander.SchemaNode, say: Say) -> Schema:
    """Return the JSON Schema of an object."""
    return {
        "type": "object",
        "additionalProperties": False,
        "required": [node.name for node in schema.children if node.required],
        "properties": {node.name: of_node(node, say) for node in schema.children},
    }


def _said(node: colander.SchemaNode, say: Say) -> Schema:
    texts = [say(text) for text in (node.title, node.description) if text]
    return {"description": ". ".join(text.rstrip(".") for text in texts)} if texts else {}


def _of_type(node: colander.SchemaNode, say: Say) -> Schema:
    typ = node.typ
    if isinstance(typ, JsonObject):
        return {"type": "object", "maxProperties": typ.most}
    if isinstance(typ, colander.Mapping):
        return of_schema(node, say)
    if isinstance(typ, colander.Sequence):
        return {"type": "array", "items": of_schema(node.children[0], say), "maxItems": most_of(node)}
    if isinstance(typ, ListOf):
        return {"type": "array", "items": _of_scalar(typ.item, node), "maxItems": typ.max}
    return _of_scalar(typ, node)


def _of_scalar(typ: object, node: colander.SchemaNode) -> Schema:
    if isinstance(typ, BoundedInt):
        return {"type": "integer", "minimum": typ.min, "maximum": typ.max}
    if isinstance(typ, FiniteFloat):
        return {"type": "number", "minimum": typ.min, "maximum": typ.max}
    if isinstance(typ, Flag):
        return {"type": "boolean"}
    if isinstance(typ, Choice):
        return {"type": "string", "enum": [option.value for option in typ.options(node)]}
    if isinstance(typ, CleanText):
        return {"type": "string", "minLength": typ.min, "maxLength": typ.max}
    if isinstance(typ, Key):
        return {"type": "string", "pattern": "^[A-Za-z0-9_-]{22}$"}
    if isinstance(typ, CityDate):
        return {"type": "string", "format": "date"}
    if isinstance(typ, Mobile):
        return {"type": "string", "maxLength": typ.longest}
    return {"type": "string"}


def _operation(
    operation: Operation,
    types: _Types,
    say: Say,
    bind: Callable[[colander.SchemaNode], colander.SchemaNode],
) -> Schema:
    parameters: list[Schema] = [
        {
            "name": name,
            "in": "path",
            "required": True,
            "schema": {"type": "string", "pattern": f"^{pattern}$"},
        }
        for name, pattern in operation.parameters.items()
    ]
    for node in bind(operation.query_schema()).children:
        parameters.append(_parameter(node, say))
    if operation.fields:
        parameters.append(_fields(operation, say))
    if operation.creates:
        told = say(_("New for each thing that is made: the same key with the same body makes it once"))
        parameters.append(_header("Idempotency-Key", told, minLength=8, maxLength=100))
    if operation.has_version and operation.method == "POST":
        parameters.append(_header("If-Match", say(_("The ETag of what you have read"))))
    found: Schema = {
        "operationId": operation.name,
        "tags": [operation.group],
        "summary": say(operation.title),
        "parameters": parameters,
        "responses": _responses(operation, types, say),
    }
    if operation.scope:
        found["description"] = say(_("Scope of the token: ${scope}", mapping={"scope": operation.scope}))
    else:
        found["description"] = say(
            _("No token is needed.") if operation.is_public else _("Any token will do.")
        )
    if operation.is_public:
        found["security"] = [{}, {"token": []}]
    if operation.body is not None:
        schema = of_schema(bind(operation.body()), say)
        found["requestBody"] = {"required": True, "content": {"application/json": {"schema": schema}}}
    elif operation.body_of is not None:
        found["requestBody"] = {
            "required": True,
            "content": {"application/json": {"schema": {"type": "object"}}},
        }
    elif operation.takes_file:
        picture: Schema = {"type": "string", "contentMediaType": "application/octet-stream"}
        form: Schema = {"type": "object", "required": ["file"], "properties": {"file": picture}}
        found["requestBody"] = {"required": True, "content": {"multipart/form-data": {"schema": form}}}
    return found


def _parameter(node: colander.SchemaNode, say: Say) -> Schema:
    schema = {**_of_type(node, say)}
    if not node.required and isinstance(node.missing, (str, int, bool)) and node.missing != "":
        schema["default"] = node.missing
    found: Schema = {"name": node.name, "in": "query", "required": bool(node.required), "schema": schema}
    if isinstance(node.typ, ListOf):
        found |= {"style": "form", "explode": False}
    return {**found, **_said(node, say)}


def _fields(operation: Operation, say: Say) -> Schema:
    names: Schema = {"type": "string", "enum": list(operation.fields)}
    return {
        "name": "fields",
        "in": "query",
        "required": False,
        "style": "form",
        "explode": False,
        "description": say(_("Names of the fields that the answer has; all by default")),
        "schema": {"type": "array", "items": names, "minItems": 1},
    }


def _header(name: str, description: str, **limits: object) -> Schema:
    schema = {"type": "string", **limits}
    return {"name": name, "in": "header", "required": True, "description": description, "schema": schema}


def _responses(operation: Operation, types: _Types, say: Say) -> Schema:
    content: Schema = {}
    if operation.returns is not None:
        schema = types.of(operation.returns)
        if operation.is_list:
            schema = {
                "type": "object",
                "required": ["items", "next"],
                "properties": {
                    "items": {"type": "array", "items": schema},
                    "next": {"type": ["string", "null"]},
                },
            }
        content = {"application/json": {"schema": schema}}
    else:
        content = {media: {} for media in operation.media}
    success: Schema = {"description": say(operation.title), "content": content}
    if operation.has_version or (operation.method == "GET" and operation.returns is not None):
        success["headers"] = {"ETag": {"schema": {"type": "string"}}}
    found: Schema = {str(operation.status): success}
    if operation.method == "GET":
        found["304"] = {"description": say(_("It has not changed"))}
    problem: Schema = {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
    for status in _refusals(operation):
        found[str(status)] = {"description": say(_REFUSALS[status]), "content": problem}
    return found


def _refusals(operation: Operation) -> list[int]:
    found = [400, 406, 429]
    if operation.scope or not operation.is_public:
        found += [401, 403]
    if operation.parameters:
        found.append(404)
    if operation.method == "POST":
        found += [404, 409, 413, 415, 422]
        if operation.has_version:
            found += [412, 428]
    return sorted(set(found))
