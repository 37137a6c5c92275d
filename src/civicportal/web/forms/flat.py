"""Parsing of flat forms: field names and values, no nesting, no markers."""

from __future__ import annotations

from collections.abc import Container, Iterator, Mapping

import colander
from webob.multidict import MultiDict

from civicportal.util.values import Values
from civicportal.web.schema import ListOf, Secret


def read_flat(
    schema: colander.SchemaNode, params: MultiDict[object], *, ignore: Container[str] = ()
) -> dict[str, object]:
    """Return the cstruct of submitted parameters.

    A field of a nested mapping has its plain name. An absent field is ``colander.null``, so that the default of an
    unticked box does not return. A list field takes all its values; a plain one sent twice is passed on as a list,
    which its type refuses. An unknown name stays in the result for the schema to refuse.

    :param params: of a form or a query.
    :param ignore: names that are no fields, such as buttons and the CSRF token.
    """
    cstruct = _read(schema, params)
    known = {node.name for node in leaves(schema)}
    for name in dict.fromkeys(params):
        if name not in known and name not in ignore:
            cstruct[name] = params.getall(name)
    return cstruct


def leaves(schema: colander.SchemaNode) -> Iterator[colander.SchemaNode]:
    """Yield the leaf nodes in the schema's order."""
    for node in schema.children:
        if isinstance(node.typ, colander.Mapping):
            yield from leaves(node)
        else:
            yield node


def to_show(schema: colander.SchemaNode, cstruct: Mapping[str, object]) -> dict[str, object]:
    """Return the redisplayable part of a cstruct.

    Secret fields are empty, and a plain field sent twice has its first value.
    """
    kept = dict(cstruct)
    for node in schema.children:
        if isinstance(node.typ, Secret):
            kept[node.name] = colander.null
        elif isinstance(node.typ, colander.Mapping) and isinstance(part := kept.get(node.name), Mapping):
            kept[node.name] = to_show(node, part)
        elif not isinstance(node.typ, ListOf) and isinstance(value := kept.get(node.name), list):
            kept[node.name] = value[0]
    return kept


def _read(schema: colander.SchemaNode, params: MultiDict[object]) -> dict[str, object]:
    return {
        node.name: _read(node, params) if isinstance(node.typ, colander.Mapping) else _value(node, params)
        for node in schema.children
    }


def _value(node: colander.SchemaNode, params: MultiDict[object]) -> object:
    values = params.getall(node.name)
    if isinstance(node.typ, ListOf):
        return values or colander.null
    if len(values) > 1:
        return values
    return values[0] if values else colander.null


def is_before_other(values: Values, node: colander.SchemaNode) -> bool:
    """Return whether a date is before its ``after`` date.

    ``after`` is the name of another node.
    """
    first = values.get(getattr(node, "after", ""))
    last = values[node.name]
    return bool(first and last and last < first)
