"""The reference page: what the document says, for people."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import cast

from civicportal.web.rest.document import Schema

PREFIX = "#/components/schemas/"
MOST_VALUES = 8
"""More values of a choice are only counted in the document."""


@dataclass(frozen=True, kw_only=True)
class ShownType:
    """A type: text, and the object that it links to, if any."""

    text: str
    target: str = ""


@dataclass(frozen=True, kw_only=True)
class ShownField:
    """A parameter, or a field of an object."""

    name: str
    type: ShownType
    meaning: str
    required: bool


@dataclass(frozen=True, kw_only=True)
class ShownAnswer:
    """An answer of an operation."""

    status: str
    meaning: str
    type: ShownType | None


@dataclass(frozen=True, kw_only=True)
class ShownOperation:
    """An operation as the page shows it."""

    name: str
    title: str
    description: str
    method: str
    path: str
    parameters: Sequence[ShownField]
    body: Sequence[ShownField]
    media: str
    answers: Sequence[ShownAnswer]


@dataclass(frozen=True, kw_only=True)
class ShownObject:
    """An object as the page shows it."""

    name: str
    fields: Sequence[ShownField]


def shown_operations(document: Schema) -> Iterator[ShownOperation]:
    """Yield the operations of the document in their order."""
    for path, methods in _table(document["paths"]).items():
        for method, found in _table(methods).items():
            operation = _table(found)
            content = _table(_table(operation.get("requestBody", {})).get("content", {}))
            media, body = next(iter(content.items()), ("", {}))
            schema = _table(_table(body).get("schema", {}))
            yield ShownOperation(
                name=str(operation["operationId"]),
                title=str(operation["summary"]),
                description=str(operation.get("description", "")),
                method=method.upper(),
                path=path,
                parameters=[_parameter(one) for one in _rows(operation["parameters"])],
                body=list(_fields(schema)),
                media=media,
                answers=[
                    _answer(status, _table(one)) for status, one in _table(operation["responses"]).items()
                ],
            )


def shown_objects(document: Schema) -> Iterator[ShownObject]:
    """Yield the objects of the document."""
    for name, schema in _table(_table(document["components"])["schemas"]).items():
        yield ShownObject(name=name, fields=list(_fields(_table(schema))))


def _parameter(part: Schema) -> ShownField:
    kind = shown_type(_table(part["schema"]))
    return ShownField(
        name=str(part["name"]),
        type=ShownType(text=f"{part['in']}: {kind.text}"),
        meaning=str(part.get("description", "")),
        required=bool(part["required"]),
    )


def _fields(schema: Schema) -> Iterator[ShownField]:
    required = schema.get("required", ())
    for name, part in _table(schema.get("properties", {})).items():
        field = _table(part)
        yield ShownField(
            name=name,
            type=shown_type(field),
            meaning=str(field.get("description", "")),
            required=isinstance(required, list) and name in required,
        )


def _answer(status: str, answer: Schema) -> ShownAnswer:
    content = _table(_table(answer.get("content", {})).get("application/json", {}))
    schema = _table(content.get("schema", {}))
    listed = _table(_table(schema.get("properties", {})).get("items", {}))
    kind = shown_type(listed or schema) if schema else None
    return ShownAnswer(status=status, meaning=str(answer["description"]), type=kind)


def shown_type(schema: Schema) -> ShownType:
    """Return a type in a few words."""
    if "$ref" in schema:
        name = str(schema["$ref"]).removeprefix(PREFIX)
        return ShownType(text=name, target=name)
    if "anyOf" in schema:
        parts = [shown_type(one) for one in _rows(schema["anyOf"])]
        target = next((part.target for part in parts if part.target), "")
        return ShownType(text=" | ".join(part.text for part in parts), target=target)
    kinds = schema.get("type", "any")
    names = [str(one) for one in kinds] if isinstance(kinds, list) else [str(kinds)]
    if "array" in names:
        inner = shown_type(_table(schema["items"]))
        rest = [name for name in names if name != "array"]
        return ShownType(text=" | ".join([f"[{inner.text}]", *rest]), target=inner.target)
    values = schema.get("enum")
    if isinstance(values, list) and len(values) <= MOST_VALUES:
        return ShownType(text=" | ".join("null" if one is None else str(one) for one in values))
    said = " | ".join(names)
    return ShownType(text=f"{said} ({schema['format']})" if "format" in schema else said)


def _table(value: object) -> Schema:
    return cast(Schema, value) if isinstance(value, Mapping) else {}


def _rows(value: object) -> list[Schema]:
    return [_table(one) for one in value] if isinstance(value, list) else []
