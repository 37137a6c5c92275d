"""Schema nodes for TOML tables: strict, and without any reading of texts as numbers."""

from typing import Any

import colander


class Table(colander.Schema):
    """A TOML table: a key nobody declared stops the start."""

    def schema_type(self) -> colander.Mapping:
        """Refuse unknown keys."""
        return colander.Mapping(unknown="raise")


class FreeTable(colander.Schema):
    """A TOML table whose keys are the site's own."""

    def schema_type(self) -> colander.Mapping:
        """Keep every key."""
        return colander.Mapping(unknown="preserve")


class TomlString(colander.SchemaType):
    """A TOML string, taken as it is."""

    def deserialize(self, node: colander.SchemaNode, cstruct: Any) -> Any:
        """Refuse anything but a string."""
        if cstruct is colander.null:
            return cstruct
        if not isinstance(cstruct, str):
            raise colander.Invalid(node, f"must be a string, not {type(cstruct).__name__}")
        return cstruct


class TomlNumber(colander.SchemaType):
    """A TOML integer or float, booleans excluded."""

    def deserialize(self, node: colander.SchemaNode, cstruct: Any) -> Any:
        """Refuse anything but a number."""
        if cstruct is colander.null:
            return cstruct
        if isinstance(cstruct, bool) or not isinstance(cstruct, int | float):
            raise colander.Invalid(node, f"must be a number, not {type(cstruct).__name__}")
        return cstruct


class TomlBoolean(colander.SchemaType):
    """A TOML boolean."""

    def deserialize(self, node: colander.SchemaNode, cstruct: Any) -> Any:
        """Refuse anything but true and false."""
        if cstruct is colander.null:
            return cstruct
        if not isinstance(cstruct, bool):
            raise colander.Invalid(node, f"must be true or false, not {cstruct!r}")
        return cstruct


class TomlList(colander.SchemaType):
    """A TOML array of strings or numbers."""

    def __init__(self, item: type = str) -> None:
        self.item = item

    def deserialize(self, node: colander.SchemaNode, cstruct: Any) -> Any:
        """Refuse anything but an array of the right items."""
        if cstruct is colander.null:
            return cstruct
        kinds = (int, float) if self.item is float else self.item
        if not isinstance(cstruct, list) or not all(isinstance(item, kinds) for item in cstruct):
            raise colander.Invalid(node, f"must be an array of {self.item.__name__}")
        return cstruct


def string(default: Any = colander.required, **kwargs: Any) -> colander.SchemaNode:
    """Return a node for a string; without a default it is required."""
    return colander.SchemaNode(TomlString(), missing=default, **kwargs)


def number(default: Any = colander.required, **kwargs: Any) -> colander.SchemaNode:
    """Return a node for a number; without a default it is required."""
    return colander.SchemaNode(TomlNumber(), missing=default, **kwargs)


def boolean(default: Any = colander.required, **kwargs: Any) -> colander.SchemaNode:
    """Return a node for a boolean; without a default it is required."""
    return colander.SchemaNode(TomlBoolean(), missing=default, **kwargs)


def strings(default: Any = colander.required, **kwargs: Any) -> colander.SchemaNode:
    """Return a node for an array of strings; without a default it is required."""
    return colander.SchemaNode(TomlList(), missing=default, **kwargs)
