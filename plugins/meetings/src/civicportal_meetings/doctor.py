"""Findings about meetings."""

from collections.abc import Iterator

from civicportal.api.database import Work
from civicportal.api.localization import CityCalendar
from civicportal.api.organization import OrganizationService
from civicportal.api.plugins import Finding
from civicportal_meetings.i18n import _
from civicportal_meetings.names import KIND


def findings(work: Work) -> Iterator[Finding]:
    """Yield the problems, each with its remedy."""
    settings = work.site.plugin_settings[KIND]
    organization = work.get(OrganizationService)
    units = organization.units.by_id.values()
    if settings["unit"] not in {unit.key for unit in units if unit.active}:
        yield Finding(
            level="error",
            place="plugins.meetings.unit",
            text=_(
                "there is no unit ${unit} for the office of the mayor", mapping={"unit": settings["unit"]}
            ),
            remedy=_("civicportal site load, add the unit under /admin/units, or name another one"),
        )
    calendar = organization.calendar
    opens, closes = CityCalendar.parse_hours(settings["hours"])
    if opens < calendar.hours[0] or closes > calendar.hours[1]:
        yield Finding(
            level="warning",
            place="plugins.meetings.hours",
            text=_(
                "meetings may be set from ${hours}, which is not within the office hours",
                mapping={"hours": settings["hours"]},
            ),
            remedy=_("check [plugins.meetings] hours and the office hours under /admin/calendar"),
        )
    if settings["default_minutes"] > (closes.hour - opens.hour) * 60 + closes.minute - opens.minute:
        yield Finding(
            level="error",
            place="plugins.meetings.default_minutes",
            text=_("a meeting of the usual length does not fit into the hours of meetings"),
            remedy=_("make [plugins.meetings] default_minutes shorter or hours longer"),
        )
