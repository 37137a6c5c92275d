"""The place that a form names, and where its map begins."""

from typing import Any

from civicportal.api import BoundForm, _
from civicportal_reports.places import Location, OutsideCity, locate


def place_of(request: Any, form: BoundForm, values: dict[str, Any]) -> Location:
    """Return the place of a form that was sent.

    :raises FormInvalid: for one outside the city, with the reason in the form.
    """
    try:
        return locate(request.site.map, values["place"])
    except OutsideCity:
        phone = request.site.face.phone
        if not phone:
            form.refuse(
                "place", _("This place lies outside the city, so the municipality cannot help there.")
            )
        form.refuse(
            "place",
            _(
                "This place lies outside the city. If you think it belongs to it, please call ${phone}.",
                mapping={"phone": phone},
            ),
        )


def center(request: Any) -> Any:
    """Return the middle of the city's map, or None without one."""
    table = request.site.settings["map"]
    return table["center"] if table else None
