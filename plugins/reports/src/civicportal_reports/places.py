"""Places: a point, an address, or both."""

from dataclasses import dataclass

from translationstring import TranslationString

from civicportal.api.database import Work
from civicportal.api.forms import Values
from civicportal.api.geo import CityMap, Point
from civicportal.api.plugins import Site
from civicportal_reports.i18n import _


class OutsideCity(Exception):
    """The point is outside the city's boundary."""


@dataclass(frozen=True, kw_only=True)
class Location:
    """A place.

    :ivar street: nearest named road, empty if none is near.
    :ivar address: written by the citizen.
    """

    point: Point | None
    street: str = ""
    district: str = ""
    address: str = ""

    @property
    def columns(self) -> dict[str, float | str | None]:
        """Return the values of the columns of a report."""
        lat, lon = (self.point.lat, self.point.lon) if self.point else (None, None)
        return {"lat": lat, "lon": lon, "district": self.district[:100], "street": self.street[:100]}

    @property
    def parts(self) -> list[str]:
        """Return the parts of the display name, the citizen's first."""
        return [part for part in (self.address, self.street, self.district) if part]

    def name(self, work: Work) -> str:
        """Return the display name."""
        return joined(work, *self.parts)[:300]


def locate(city_map: CityMap | None, place: Values) -> Location:
    """Return the location of a form's place.

    :param place: the values of :class:`civicportal.api.forms.PlaceField`: ``lat``, ``lon``, ``address``.
    :raises OutsideCity: for a point outside the boundary.
    """
    if place["lat"] is None:
        return Location(point=None, address=place["address"])
    return locate_point(city_map, Point(place["lat"], place["lon"]), place["address"])


def locate_point(city_map: CityMap | None, point: Point, address: str = "") -> Location:
    """Return the location of a point.

    A city without a map accepts every point.

    :raises OutsideCity: outside the boundary.
    """
    if city_map is None:
        return Location(point=point, address=address)
    if not city_map.contains(point):
        raise OutsideCity(f"{point.lat}, {point.lon}")
    return Location(
        point=point,
        street=city_map.nearest_street(point) or "",
        district=city_map.district(point) or "",
        address=address,
    )


def outside_reason(site: Site) -> TranslationString:
    """Return why a place outside the city is refused."""
    phone = site.branding.phone
    if not phone:
        return _("This place lies outside the city, so the municipality cannot help there.")
    return _(
        "This place lies outside the city. If you think it belongs to it, please call ${phone}.",
        mapping={"phone": phone},
    )


def comma(work: Work) -> str:
    """Return the comma of the site's language, with a space."""
    return work.site.localizer().translate(_(", "))


def joined(work: Work, *parts: str) -> str:
    """Return the parts of a place or a subject that are not empty, with commas."""
    return comma(work).join(filter(None, parts))


def subject_of(work: Work, category: str, place: str) -> str:
    """Return the subject of a report, never the citizen's first words, which may contain a name."""
    return joined(work, category, place)[:200]
