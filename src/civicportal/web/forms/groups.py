"""Widgets of several inputs: choices, the place on the map, pictures."""

from __future__ import annotations

from typing import Any

import deform

from civicportal.web import schema
from civicportal.web.forms.options import options_markup
from civicportal.web.forms.widgets import Widget, shown


class _Options(Widget):
    """A choice of the schema type's options."""

    def values(self, field: deform.Field, cstruct: Any) -> dict[str, Any]:
        """Return options, the chosen values, and whether several may be chosen."""
        options = field.typ.options(field.schema)
        many = isinstance(field.typ, schema.ListOf)
        chosen = cstruct if isinstance(cstruct, list) else [shown(cstruct)]
        return {"options": options, "chosen": chosen, "many": many}


class SelectWidget(_Options):
    """A drop-down list; ``empty`` is the text of the line that chooses nothing."""

    template = "select"
    empty: Any = ""
    markup = staticmethod(options_markup)


class ChoiceCardsWidget(_Options):
    """Cards to choose from, each with icon, label and hint; tick boxes where the type is a list."""

    template = "choice_cards"
    group = True
    layout = "cats"


class RadioWidget(_Options):
    """Options one under the other; tick boxes where the type is a list."""

    template = "radio"
    group = True


class MapPointWidget(Widget):
    """A point on the map and an address in words, for :class:`civicportal.web.schema.Place`.

    ``pin_icon`` stands in the pin, ``geojson_path`` is the address of the city's map.
    """

    template = "map_point"
    group = True
    pin_icon = "map-pin"
    geojson_path = "/map.geojson"

    def values(self, field: deform.Field, cstruct: Any) -> dict[str, Any]:
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


def files_name(name: str) -> str:
    """Return the name of the file inputs beside a list of keys."""
    return f"{name}_files"
