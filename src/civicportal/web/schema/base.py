"""Node, mapping and the base of scalar types."""

from __future__ import annotations

from typing import Any

import colander

from civicportal.util.i18n import _

WIDGET_OPTIONS = frozenset(["autocomplete", "counter", "empty", "example", "first", "last", "rows", "switch"])
"""Options of a field that the widget of its type takes: ``Node(CleanText(10, 2000), rows=6)``."""


class Node(colander.SchemaNode):
    """A field: ``Node(type, title=…, description=…, missing=…, widget=…, validator=…)``.

    Without a widget the type has its own, with these options: ``rows`` of a text area and ``counter`` (False for none,
    or a limit instead of the field's maximum), ``empty`` the label of the empty choice, ``switch=True`` for a
    checkbox that looks like a switch, ``first``, ``last`` and ``example`` of a date (the days that its picker offers,
    and its placeholder), ``autocomplete`` for the browser. ``hidden=True`` hides the field whatever its widget.

    In the filters of a list ``after="first_day"`` names the day before which this one may not be.

    Differs from :class:`colander.SchemaNode` in one thing: the message for an empty field comes from its type, and so
    from the portal's own catalogue.
    """

    hidden = False

    def __init__(self, typ: colander.SchemaType, **options: object) -> None:
        ignored = sorted(WIDGET_OPTIONS & options.keys())
        if options.get("widget") is not None and ignored:
            raise TypeError(
                f"{', '.join(ignored)}: an option of the type's own widget, but another one is given"
            )
        options.setdefault("missing_msg", getattr(typ, "missing_msg", Scalar.missing_msg))
        super().__init__(typ, **options)
        if self.name:
            self.__set_name__(None, self.name)

    def __set_name__(self, _owner: type | None, name: str) -> None:
        """Pass the name of the field to its type."""
        if isinstance(self.typ, Scalar):
            self.typ.named(name)

    def _bind(self, bindings: dict[str, Any]) -> None:
        """Bind the node."""
        waits = any(isinstance(value, colander.deferred) for value in vars(self).values())
        if waits or self.children or type(self) is not Node or "after_bind" in vars(self):
            super()._bind(bindings)
        else:
            self.bindings = bindings


class Scalar(colander.SchemaType):
    """One value: a text in a form, a text or native value in JSON and TOML."""

    missing_msg = _("Please fill in this field.")
    native: tuple[type, ...] = ()
    longest = 256

    def named(self, name: str) -> None:
        """Called when a field of this type gets a name."""

    def deserialize(self, node: colander.SchemaNode, cstruct: object) -> Any:
        """Return the value, or ``colander.null`` for nothing.

        Raises :class:`colander.Invalid` for anything that is not one valid value.
        """
        if cstruct is colander.null or cstruct is None:
            return colander.null
        if type(cstruct) in self.native:
            return self.check(node, cstruct)
        text = self.text(node, cstruct)
        return self.read(node, text) if text.strip() else colander.null

    def serialize(self, node: colander.SchemaNode, appstruct: object) -> Any:
        """Return the text of the value for a form."""
        if appstruct is colander.null or appstruct is None:
            return colander.null
        return self.write(node, appstruct)

    def text(self, node: colander.SchemaNode, cstruct: object) -> str:
        """Return the submitted text.

        :raises colander.Invalid: when it cannot be stored or displayed.
        """
        if isinstance(cstruct, list):
            raise colander.Invalid(node, _("Only one value is expected here."))
        if not isinstance(cstruct, str):
            raise colander.Invalid(node, _("This value cannot be read."))
        if len(cstruct) > self.longest:
            raise colander.Invalid(node, _("This is too long."))
        if "\0" in cstruct or any("\ud800" <= char <= "\udfff" for char in cstruct):
            raise colander.Invalid(node, _("The text holds characters that cannot be read."))
        return cstruct

    def read(self, node: colander.SchemaNode, text: str) -> Any:
        """Return the value of a non-blank text."""
        raise NotImplementedError

    def check(self, node: colander.SchemaNode, value: Any) -> Any:
        """Return a native value.

        :raises colander.Invalid: when it breaks the type's rule.
        """
        raise NotImplementedError

    def write(self, node: colander.SchemaNode, value: Any) -> str:
        """Return the text of a value."""
        return str(value)


class JsonObject(colander.SchemaType):
    """A small JSON object whose names and values something other than the schema judges.

    :param most: names at most.
    """

    def __init__(self, most: int) -> None:
        self.most = most

    def serialize(self, node: colander.SchemaNode, appstruct: object) -> object:
        """Return nothing: forms have no such field."""
        return colander.null

    def deserialize(self, node: colander.SchemaNode, cstruct: object) -> object:
        """Return the object.

        :raises colander.Invalid: for anything else, and for too many names.
        """
        if cstruct is colander.null or cstruct is None:
            return colander.null
        if not isinstance(cstruct, dict):
            raise colander.Invalid(node, _("A group of fields is expected here."))
        if len(cstruct) > self.most:
            raise colander.Invalid(
                node, _("At most ${count} are allowed here.", mapping={"count": self.most})
            )
        return cstruct


class StrictMapping(colander.Mapping):
    """A mapping that refuses unknown keys."""

    def __init__(self) -> None:
        super().__init__(unknown="raise")

    def deserialize(self, node: colander.SchemaNode, cstruct: object) -> Any:
        """Return the mapping of values.

        :raises colander.Invalid: with the errors of all fields.
        """
        if cstruct is colander.null or cstruct is None:
            return colander.null
        if not isinstance(cstruct, dict):
            raise colander.Invalid(node, _("A group of fields is expected here."))
        try:
            return super().deserialize(node, cstruct)
        except colander.UnsupportedFields as error:
            names = ", ".join(sorted(clean_name(name) for name in error.fields))
            raise colander.Invalid(node, _("Unknown fields: ${names}", mapping={"names": names})) from None

    def serialize(self, node: colander.SchemaNode, appstruct: object) -> Any:
        """Return the texts for a form; values without a field are ignored."""
        if appstruct is None:
            appstruct = colander.null
        if isinstance(appstruct, dict):
            known = {child.name for child in node.children}
            appstruct = {name: value for name, value in appstruct.items() if name in known}
        return super().serialize(node, appstruct)


class StrictSchema(colander.MappingSchema):
    """Base class of every schema: ``class Submission(StrictSchema): body = Node(CleanText(10, 2000))``."""

    schema_type = StrictMapping
    missing_msg = Scalar.missing_msg


def clean_name(name: object) -> str:
    """Return an unknown key, short and printable."""
    return "".join(char if char.isprintable() else "?" for char in str(name)[:40])


def bound(node: colander.SchemaNode, name: str) -> Any:
    """Return the bindings of the schema.

    Raises :class:`LookupError` if a schema that needs the site's country or calendar was used unbound, which is a
    programming error.
    """
    bindings = node.bindings or {}
    if name not in bindings:
        raise LookupError(f"field {node.name!r} needs schema.bind({name}=…)")
    return bindings[name]
