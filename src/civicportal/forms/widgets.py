"""How a field is drawn: one class and one template per kind of control.

A widget draws the control only; label, hint, counter and error around it are ``mapping_item.jinja2``.
"""

from __future__ import annotations

from itertools import groupby
from operator import attrgetter
from typing import Any

import colander
import deform.widget

from civicportal import schema


class Widget(deform.widget.Widget):
    """Base class; keyword arguments set what the class names.

    ``autocomplete``, ``placeholder``, ``inputmode``: attributes of the control. ``group``: the control is several
    inputs, so a fieldset with a legend stands around it instead of a label; ``labelled``: it draws label and hint itself.
    """

    template = "textinput"
    group = False
    autocomplete: str | None = None
    placeholder = ""
    inputmode: str | None = None
    type = "text"
    css_class = ""
    labelled = False

    def serialize(self, field: deform.Field, cstruct: Any, **values: Any) -> Any:
        """Return the control's markup."""
        return field.renderer(
            self.template, field=field, widget=self, **self.values(field, cstruct), **values
        )

    def deserialize(self, field: deform.Field, pstruct: Any) -> Any:  # noqa: ARG002
        """Return what was sent: the flat parser has read it already."""
        return pstruct

    def values(self, field: deform.Field, cstruct: Any) -> dict[str, Any]:  # noqa: ARG002
        """Return what the template is given: here the text that stands in the control."""
        return {"value": shown(cstruct)}


class TextWidget(Widget):
    """One line of text. ``maxlength`` follows the schema type."""


class TextAreaWidget(Widget):
    """Several lines, with a counter of characters under it unless ``counter=False``."""

    template = "textarea"
    rows = 5
    counter = True


class PasswordWidget(Widget):
    """A password: ``autocomplete`` is ``current-password`` unless told ``new-password``. Never filled."""

    template = "password"
    autocomplete = "current-password"


class MobileWidget(Widget):
    """A mobile number."""

    type = "tel"
    inputmode = "numeric"
    autocomplete = "tel-national"
    css_class = "ltr d-block w-100"


class CodeWidget(Widget):
    """A one-time code: one input that the telephone fills in."""

    template = "code"
    inputmode = "numeric"
    autocomplete = "one-time-code"


class NumberWidget(Widget):
    """A number, or a code of digits: plain text with the numeric keypad, since number inputs refuse Persian digits."""

    inputmode = "numeric"
    css_class = "ltr d-block w-100"


class DateWidget(Widget):
    """A day in the site's calendar: a text input that works alone, with a picker over it."""

    template = "date"
    inputmode = "numeric"
    autocomplete = "off"


class _Options(Widget):
    """A choice of the schema type's options."""

    def values(self, field: deform.Field, cstruct: Any) -> dict[str, Any]:
        """Return options, also by their groups, the chosen values, and whether several may be chosen."""
        options = field.typ.options(field.schema)
        many = isinstance(field.typ, schema.ListOf)
        chosen = cstruct if isinstance(cstruct, list) else [shown(cstruct)]
        groups = [(name, list(members)) for name, members in groupby(options, attrgetter("group"))]
        return {"options": options, "groups": groups, "chosen": chosen, "many": many}


class SelectWidget(_Options):
    """A drop-down list; ``empty`` is the text of the line that chooses nothing."""

    template = "select"
    empty: Any = ""


class ChoiceCardsWidget(_Options):
    """Cards to choose from, each with icon, label and hint; tick boxes where the type is a list."""

    template = "choice_cards"
    group = True
    layout = "cats"


class RadioWidget(_Options):
    """Options one under the other; tick boxes where the type is a list."""

    template = "radio"
    group = True


class CheckboxWidget(Widget):
    """One tick box; its label is the field's title."""

    template = "checkbox"
    labelled = True
    switch = False

    def values(self, field: deform.Field, cstruct: Any) -> dict[str, Any]:  # noqa: ARG002
        """Return whether the box is ticked."""
        return {"checked": schema.Flag.words.get(shown(cstruct), False)}


class SwitchWidget(CheckboxWidget):
    """A tick box drawn as a switch."""

    switch = True


class MapPointWidget(Widget):
    """A point on the map and an address in words, for :class:`civicportal.schema.Place`.

    ``pin_icon`` stands in the pin, ``geojson_path`` is the address of the city's map.
    """

    template = "map_point"
    group = True
    pin_icon = "map-pin"
    geojson_path = "/map.geojson"

    def values(self, field: deform.Field, cstruct: Any) -> dict[str, Any]:  # noqa: ARG002
        """Return the texts of the point; the address is a field of its own."""
        place = cstruct if isinstance(cstruct, dict) else {}
        return {name: shown(place.get(name)) for name in ("lat", "lon")}


class PhotosWidget(Widget):
    """Pictures: keys of those already uploaded, and a file input that works without JavaScript.

    A kept picture sends its key under the field's name, a new file comes under :func:`files_name`.
    """

    template = "photos"
    group = True
    upload_path = "/uploads"
    thumbnail_path = "/attachments/{key}/small"

    def values(self, field: deform.Field, cstruct: Any) -> dict[str, Any]:
        """Return the uploaded pictures with a well-formed key, and how many are allowed."""
        sent = cstruct if isinstance(cstruct, list) else [cstruct]
        keys = [key for key in map(shown, sent) if schema.Key.pattern.fullmatch(key)]
        kept = [{"key": key, "url": self.thumbnail_path.format(key=key)} for key in keys]
        return {"kept": kept, "max": field.typ.max, "files_name": files_name(field.name)}


class HiddenWidget(Widget):
    """A value that is not seen."""

    template = "hidden"
    hidden = True


class IdempotencyWidget(HiddenWidget):
    """The key under which the form is acted on once: a new form brings its own."""

    def values(self, field: deform.Field, cstruct: Any) -> dict[str, Any]:  # noqa: ARG002
        """Return the key that was sent, or a new one."""
        key = shown(cstruct)
        return {"value": key if schema.Key.pattern.fullmatch(key) else schema.new_key()}


def files_name(name: str) -> str:
    """Return the name of the file inputs beside a list of keys."""
    return f"{name}_files"


def shown(cstruct: Any) -> str:
    """Return the text to show for what was sent, whatever it was: the first of several, nothing for a file."""
    if isinstance(cstruct, list) and cstruct:
        cstruct = cstruct[0]
    if not isinstance(cstruct, str):
        return ""
    return cstruct.encode("utf-8", "replace").decode().replace("\0", "")


_DEFAULTS: tuple[tuple[type, type[Widget]], ...] = (
    (schema.Place, MapPointWidget),
    (schema.KeyList, PhotosWidget),
    (schema.IdempotencyKey, IdempotencyWidget),
    (schema.ListOf, RadioWidget),
    (schema.Choice, SelectWidget),
    (schema.Flag, CheckboxWidget),
    (schema.Degrees, HiddenWidget),
    (schema.FiniteFloat, NumberWidget),
    (schema.Mobile, MobileWidget),
    (schema.Code, CodeWidget),
    (schema.CityDate, DateWidget),
    (schema.Password, PasswordWidget),
    (schema.TrackingCode, NumberWidget),
    (schema.NationalCode, NumberWidget),
    (schema.BoundedInt, NumberWidget),
)


def default_widget(node: colander.SchemaNode) -> Widget:
    """Return the widget of a node that names none."""
    if isinstance(node.typ, schema.CleanText) and node.typ.multiline:
        return TextAreaWidget(rows=2 if node.typ.max <= 300 else 5)
    return next(
        (widget() for kind, widget in _DEFAULTS if isinstance(node, kind) or isinstance(node.typ, kind)),
        TextWidget(),
    )
