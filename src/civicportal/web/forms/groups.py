"""Widgets of several inputs: choices, a place on the map, pictures."""

from __future__ import annotations

import deform

from civicportal.web import schema
from civicportal.web.forms.options import options_markup
from civicportal.web.forms.widgets import FormWidget, shown


class _Options(FormWidget):
    """Base of widgets for the schema type's options."""

    def values(self, field: deform.Field, cstruct: object) -> dict[str, object]:
        """Return options, the selected values, and whether several may be selected."""
        options = field.typ.options(field.schema)
        many = isinstance(field.typ, schema.ListOf)
        chosen = cstruct if isinstance(cstruct, list) else [shown(cstruct)]
        return {"options": options, "chosen": chosen, "many": many}


class SelectWidget(_Options):
    """A drop-down list; ``empty`` is the label of the empty option.

    With ``typeahead`` a script of staff pages adds a field that finds options by their words.
    """

    template = "select"
    empty: str = ""
    typeahead = False
    markup = staticmethod(options_markup)


class ChoiceCardsWidget(_Options):
    """Cards with icon, label and hint.

    Checkboxes if the type is a list.
    """

    template = "choice_cards"
    group = True
    layout = "cats"


class RadioWidget(_Options):
    """Radio buttons; checkboxes if the type is a list."""

    template = "radio"
    group = True


class FileWidget(FormWidget):
    """Files of a page that reads them itself, from the parameter that :func:`files_name` returns.

    ``accept`` names their types for the browser; with ``many`` several can be chosen.
    """

    template = "file"
    accept = ""
    many = False

    def values(self, field: deform.Field, cstruct: object) -> dict[str, object]:
        """Return the name of the file input: a browser sends no file that was chosen before."""
        return {"files_name": files_name(field.name)}


class MapPointWidget(FormWidget):
    """A point on the map and an address, for :class:`civicportal.web.schema.Place`.

    ``pin_icon`` is the icon of the pin, ``geojson_path`` the URL of the city's map.
    """

    template = "map_point"
    group = True
    pin_icon = "map-pin"
    geojson_path = "/map.geojson"

    def values(self, field: deform.Field, cstruct: object) -> dict[str, object]:
        """Return the coordinates; the address is a separate field."""
        place = cstruct if isinstance(cstruct, dict) else {}
        return {name: shown(place.get(name)) for name in ("lat", "lon")}


class PhotosWidget(FormWidget):
    """Pictures of a form.

    An uploaded picture sends its key under the field's name, a new file comes under :func:`files_name`.
    """

    template = "photos"
    group = True
    upload_path = "/uploads"
    thumbnail_path = "/attachments/{key}/small"

    def values(self, field: deform.Field, cstruct: object) -> dict[str, object]:
        """Return the uploaded pictures with a well-formed key, and the maximum number."""
        sent = cstruct if isinstance(cstruct, list) else [cstruct]
        keys = [key for key in map(shown, sent) if schema.Key.pattern.fullmatch(key)]
        kept = [{"key": key, "url": self.thumbnail_path.format(key=key)} for key in keys]
        return {"kept": kept, "max": field.typ.max, "files_name": files_name(field.name)}


def files_name(name: str) -> str:
    """Return the name of the file inputs beside a list of keys."""
    return f"{name}_files"
