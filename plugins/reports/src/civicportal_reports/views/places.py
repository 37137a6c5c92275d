"""The place of a form, and variables of maps."""

from collections.abc import Callable

from civicportal.api.cases import kind_of
from civicportal.api.forms import BoundForm, Values
from civicportal.api.web import Request
from civicportal_reports.looks import legend
from civicportal_reports.places import Location, OutsideCity, locate, outside_reason
from civicportal_reports.workflow import KIND


def place_of(request: Request, form: BoundForm, values: Values) -> Location:
    """Return the place of a submitted form.

    :raises FormInvalid: for one outside the city, with the reason in the form.
    """
    try:
        return locate(request.site.map, values["place"])
    except OutsideCity:
        form.refuse("place", outside_reason(request.site))


def center(request: Request) -> list[float] | None:
    """Return the centre of the city's map, or None without one."""
    table = request.site.settings["map"]
    found: list[float] | None = table["center"] if table else None
    return found


def map_variables(request: Request, address: Callable[[str], str]) -> dict[str, object]:
    """Return the template variables of a staff map: its URLs, and what its pins mean.

    :param address: builds URLs that keep the filters, as :class:`civicportal.api.lists.ListAddress` does.
    """
    return {
        "points_url": address("reports.points"),
        "card_url": f"{request.route_path('reports.desk')}/CARD/card",
        "numbers_url": address("reports.map_numbers"),
        "drawing_url": address("reports.map_drawing"),
        "map_url": address("reports.desk_map"),
        "legend": legend(kind_of(request.site, KIND), public=False),
    }
