"""Reports of an earlier system: their place."""

import math
from collections.abc import Mapping

from civicportal.api.cases import Case
from civicportal.api.database import Work
from civicportal.api.geo import Point
from civicportal.api.organization import OrganizationService
from civicportal.api.plugins import Refused
from civicportal_reports.i18n import _
from civicportal_reports.models import Report
from civicportal_reports.places import Location, OutsideCity, locate_point, outside_reason, subject_of

COLUMNS = {
    "lat": ("latitude", "عرض جغرافیایی", "عرض", "y"),
    "lon": ("lng", "longitude", "طول جغرافیایی", "طول", "x"),
}


def detail_of(case: Case, texts: Mapping[str, str], work: Work) -> Report:
    """Return the detail row of an imported report, and set its place and its subject.

    :raises Refused: for a place that is no point, or lies outside the city.
    """
    location = _location(case, texts, work)
    case.place = location.name(work)
    if not case.subject:
        topic = work.get(OrganizationService).category_name(case.category_id, work.site.locale)
        case.subject = subject_of(work, topic, location.street or location.district)
    return Report(**location.columns)


def _location(case: Case, texts: Mapping[str, str], work: Work) -> Location:
    if not any(texts.values()):
        return Location(point=None, address=case.place)
    lat, lon = (_number(texts[name]) for name in ("lat", "lon"))
    if (lat, lon) == (0, 0):
        # Written by programs that know no place.
        return Location(point=None, address=case.place)
    if not (-90 <= lat <= 90 and -180 <= lon <= 180):
        raise Refused(_("This is no latitude and longitude in degrees."))
    try:
        return locate_point(work.site.map, Point(lat, lon), case.place)
    except OutsideCity:
        raise Refused(outside_reason(work.site)) from None


def _number(text: str) -> float:
    try:
        number = float(text.replace("٫", ".").replace(",", "."))
    except ValueError:
        number = math.nan
    if not math.isfinite(number):
        raise Refused(_("This is no latitude and longitude in degrees."))
    return number
