"""A point on the map, or an address."""

from __future__ import annotations

from typing import Any

import colander

from civicportal.util.i18n import _
from civicportal.web.schema.base import Node, StrictSchema
from civicportal.web.schema.numbers import FiniteFloat
from civicportal.web.schema.text import CleanText


class Degrees(FiniteFloat):
    """A latitude or a longitude (WGS 84)."""


class Place(StrictSchema):
    """A point (``lat``, ``lon`` in degrees), an ``address``, or both.

    ``lat`` and ``lon`` are in degrees, ``address`` is a text.

    In a form these are three flat fields, rendered together. Whether the point is within the city is checked by the
    ``validator`` of the schema that contains the place.
    """

    lat = Node(Degrees(-90, 90), title=_("Latitude"), missing=None)
    lon = Node(Degrees(-180, 180), title=_("Longitude"), missing=None)
    address = Node(
        CleanText(3, 300, multiline=True),
        title=_("Address or a landmark nearby"),
        description=_("Needed only where the map does not show the place."),
        missing="",
    )

    def deserialize(self, cstruct: object = colander.null) -> Any:
        """Return ``lat`` and ``lon``, both or none, and ``address``.

        :raises colander.Invalid: when point and address are missing, unless the node has a ``missing``.
        """
        place = super().deserialize({} if cstruct is colander.null else cstruct)
        if place["lat"] is None or place["lon"] is None:
            place = {**place, "lat": None, "lon": None}
        if place["lat"] is not None or place["address"]:
            return place
        if self.required:
            raise colander.Invalid(self, _("Please mark the place on the map or write the address."))
        return self.missing
