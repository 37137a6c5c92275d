"""Schema nodes for TOML tables: strict, without conversion of texts."""

import math
from collections.abc import Callable
from typing import Any

import colander


class TableType(colander.Mapping):
    """A table, whose message for anything else says so."""

    def deserialize(self, node: colander.SchemaNode, cstruct: object) -> object:
        """Refuse what is not a table."""
        if cstruct is not colander.null and not isinstance(cstruct, dict):
            raise colander.Invalid(node, f"must be a table, not {type(cstruct).__name__}")
        return super().deserialize(node, cstruct)


class Table(colander.Schema):
    """A TOML table; an unknown key stops the start."""

    def schema_type(self) -> colander.Mapping:
        """Refuse unknown keys."""
        return TableType(unknown="raise")


class FreeTable(colander.Schema):
    """A TOML table with arbitrary keys."""

    def schema_type(self) -> colander.Mapping:
        """Keep every key."""
        return TableType(unknown="preserve")


class TomlValue(colander.SchemaType):
    """A TOML value without conversion.

    :param kind: its expected type, as text.
    """

    def __init__(self, kind: str, accepts: Callable[[object], bool]) -> None:
        self.kind = kind
        self.accepts = accepts

    def deserialize(self, node: colander.SchemaNode, cstruct: object) -> object:
        """Refuse a value of another type."""
        if cstruct is not colander.null and not self.accepts(cstruct):
            found = "this one" if isinstance(cstruct, list) else type(cstruct).__name__
            raise colander.Invalid(node, f"must be {self.kind}, not {found}")
        return cstruct


def _is_number(value: object) -> bool:
    # A boolean is an integer in Python, but not a number in TOML. "nan" and "inf" are floats in TOML, but not valid
    # settings: nan is within every range.
    return (isinstance(value, int) and not isinstance(value, bool)) or (
        isinstance(value, float) and math.isfinite(value)
    )


STRING = TomlValue("a string", lambda value: isinstance(value, str))
NUMBER = TomlValue("a number", _is_number)
WHOLE_NUMBER = TomlValue(
    "a whole number", lambda value: isinstance(value, int) and not isinstance(value, bool)
)
BOOLEAN = TomlValue("true or false", lambda value: isinstance(value, bool))
STRINGS = TomlValue(
    "an array of strings",
    lambda value: isinstance(value, list) and all(isinstance(item, str) for item in value),
)
STRING_OR_STRINGS = TomlValue(
    "a string or an array of strings",
    lambda value: isinstance(value, str) or STRINGS.accepts(value),
)
NUMBERS = TomlValue(
    "an array of numbers", lambda value: isinstance(value, list) and all(map(_is_number, value))
)


def string(default: object = colander.required, **kwargs: object) -> colander.SchemaNode:
    """Return a node for a string; without a default it is required."""
    return colander.SchemaNode(STRING, missing=default, **kwargs)


def number(default: object = colander.required, **kwargs: object) -> colander.SchemaNode:
    """Return a node for a number; without a default it is required."""
    return colander.SchemaNode(NUMBER, missing=default, **kwargs)


def boolean(default: object = colander.required, **kwargs: object) -> colander.SchemaNode:
    """Return a node for a boolean; without a default it is required."""
    return colander.SchemaNode(BOOLEAN, missing=default, **kwargs)


def strings(default: object = colander.required, **kwargs: object) -> colander.SchemaNode:
    """Return a node for an array of strings, required unless it has a default."""
    return colander.SchemaNode(STRINGS, missing=default, **kwargs)


_TYPES = {str: STRING, int: WHOLE_NUMBER, float: NUMBER, bool: BOOLEAN, list: STRINGS}


def setting(type_: type, default: object = colander.required, **kwargs: object) -> colander.SchemaNode:
    """Return a node for one setting: ``setting(str, "")``.

    :param type_: ``str``, ``bool``, ``list`` (of strings), ``int`` for whole numbers, ``float`` for any number.
    :raises TypeError: for another type.
    """
    if type_ not in _TYPES:
        raise TypeError(f"a setting is a str, bool, list, int or float, not {type_!r}")
    return colander.SchemaNode(_TYPES[type_], missing=default, **kwargs)


def one_or_more(default: object = colander.required, **kwargs: object) -> colander.SchemaNode:
    """Return a node for a string or an array of them.

    The value is always an array, without an empty string.
    """

    def listed(value: Any) -> Any:
        if value is colander.null:
            return value
        return [text for text in ([value] if isinstance(value, str) else value) if text]

    return colander.SchemaNode(STRING_OR_STRINGS, missing=default, preparer=listed, **kwargs)
