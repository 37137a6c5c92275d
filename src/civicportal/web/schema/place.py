"""A point on the map, or an address in words."""

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
    """``lat`` and ``lon`` in degrees and ``address`` in words; a point or an address is enough.

    In a form the three are flat fields of these names, drawn together. Whether the point lies in the city is for the
    schema that holds the place to say, by its ``validator``.
    """

    lat = Node(Degrees(-90, 90), missing=None)
    lon = Node(Degrees(-180, 180), missing=None)
    address = Node(
        CleanText(3, 300, multiline=True),
        title=_("Address or a landmark nearby"),
        description=_("Needed only where the map does not show the place."),
        missing="",
    )

    def deserialize(self, cstruct: Any = colander.null) -> Any:
        """Return ``{"lat", "lon", "address"}``: both numbers or neither of them, and the address or ``""``.

        Raises :class:`colander.Invalid` where point and address are missing, unless the node has a ``missing`` of its own.
        """
        place = super().deserialize({} if cstruct is colander.null else cstruct)
        if place["lat"] is None or place["lon"] is None:
            place = {**place, "lat": None, "lon": None}
        if place["lat"] is not None or place["address"]:
            return place
        if self.required:
            raise colander.Invalid(self, _("Please mark the place on the map or write the address."))
        return self.missing
