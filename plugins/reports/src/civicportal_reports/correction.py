"""Correction of a report: its place, and the subject that follows."""

from collections.abc import Iterator
from difflib import get_close_matches

from translationstring import TranslationString

from civicportal.api.cases import Case, CaseService, Correction
from civicportal.api.database import Work
from civicportal.api.forms import CleanText, Node, PlaceField, StrictSchema, Values
from civicportal.api.geo import CityMap, Point
from civicportal.api.organization import OrganizationService
from civicportal_reports.i18n import _
from civicportal_reports.models import Report
from civicportal_reports.places import (
    Location,
    OutsideCity,
    comma,
    joined,
    locate_point,
    outside_reason,
    subject_of,
)

COLUMNS = ("lat", "lon", "district", "street")
SAME_METRES = 1.0
"""A pin moved by less is at the same place: the form has six decimals."""


class PlaceCorrection(StrictSchema):
    """The right place of a report."""

    place = PlaceField(title=_("Location"))
    street = Node(
        CleanText(0, 100),
        title=_("Move the marker to a street"),
        description=_("Its name as on the map of the city; empty leaves the pin where it is."),
        missing="",
    )


def initial(values: Values, work: Work) -> Values:
    """Return the place as the form shows it."""
    place = {"lat": values["lat"], "lon": values["lon"], "address": _address(values, work)}
    return {"place": {name: value for name, value in place.items() if value not in (None, "")}}


def apply(case: Case, values: Values, work: Work) -> None:
    """Write the place of the form to a report.

    Street and district are those of the map at the pin. A place that the form did not change stays as it is.
    """
    report: Report = work.get(CaseService).detail(case)
    former = {"place": case.place, **{name: getattr(report, name) for name in COLUMNS}}
    address, point = values["place"]["address"], _point(work.site.map, values)
    if _is_same(report.point, point):
        if address == _address(former, work):
            return
        location = Location(
            point=report.point, street=report.street, district=report.district, address=address
        )
    elif point is None:
        location = Location(point=None, address=address)
    else:
        try:
            location = locate_point(work.site.map, point, address)
        except OutsideCity:
            Correction.refuse("place", outside_reason(work.site))
    case.place = location.name(work)
    for name, value in location.columns.items():
        setattr(report, name, value)


def subject(case: Case, work: Work) -> str:
    """Return the generated subject of a report."""
    report: Report | None = work.get(CaseService).detail(case)
    category = work.get(OrganizationService).category_name(case.category_id, work.site.locale)
    return subject_of(work, category, (report.street or report.district) if report else "")


def lines(before: Values, after: Values, _work: Work) -> Iterator[TranslationString]:
    """Yield that the pin was set, moved or removed."""
    if before.get("lat", 0) is None:
        yield _("The place was marked on the map")
    elif after.get("lat", 0) is None:
        yield _("The pin was removed")
    elif "lat" in after or "lon" in after:
        yield _("The pin on the map was moved")


CORRECTION = Correction(
    schema=PlaceCorrection, columns=COLUMNS, initial=initial, apply=apply, lines=lines, subject=subject
)


def _address(values: Values, work: Work) -> str:
    """Return the part of a place that was written by hand: without street and district of the map."""
    place: str = values["place"]
    of_map = joined(work, values["street"], values["district"])
    if not of_map:
        return place
    return "" if place == of_map else place.removesuffix(comma(work) + of_map)


def _point(city_map: CityMap | None, values: Values) -> Point | None:
    """Return the point of the form: on the street, if one was written."""
    name, place = values["street"], values["place"]
    if name:
        if city_map is None or name not in city_map.streets:
            Correction.refuse("street", _unknown_street(city_map, name))
        return city_map.point_on_street(name, 0.5)
    return None if place["lat"] is None else Point(place["lat"], place["lon"])


def _unknown_street(city_map: CityMap | None, name: str) -> TranslationString:
    similar = get_close_matches(name, city_map.streets if city_map else (), n=1)
    if similar:
        return _(
            "The map has no street of this name. Did you mean “${street}”?", mapping={"street": similar[0]}
        )
    return _("The map has no street of this name.")


def _is_same(first: Point | None, second: Point | None) -> bool:
    if first is None or second is None:
        return first is second
    return first.distance_to(second) < SAME_METRES
