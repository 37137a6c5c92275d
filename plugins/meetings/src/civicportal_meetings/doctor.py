"""What meetings need and a site may lack."""

from collections.abc import Iterator

from civicportal.api import Finding, OrganizationService, Work, parse_hours
from civicportal_meetings.names import KIND


def findings(work: Work) -> Iterator[Finding]:
    """Yield what is wrong, each with its remedy."""
    settings = work.site.plugin_settings[KIND]
    units = work.get(OrganizationService).units.by_id.values()
    if settings["unit"] not in {unit.key for unit in units if unit.active}:
        yield Finding(
            level="error",
            place="plugins.meetings.unit",
            text=f"there is no unit {settings['unit']!r} for the office of the mayor",
            remedy="civicportal site load, add the unit under /admin/units, or name another one",
        )
    calendar = work.site.calendar
    opens, closes = parse_hours(settings["hours"])
    if opens < calendar.hours[0] or closes > calendar.hours[1]:
        yield Finding(
            level="warning",
            place="plugins.meetings.hours",
            text=f"meetings may be set from {settings['hours']}, which is not within the office hours",
            remedy="check [plugins.meetings] hours and [calendar] hours",
        )
    if settings["default_minutes"] > (closes.hour - opens.hour) * 60 + closes.minute - opens.minute:
        yield Finding(
            level="error",
            place="plugins.meetings.default_minutes",
            text="a meeting of the usual length does not fit into the hours of meetings",
            remedy="make [plugins.meetings] default_minutes shorter or hours longer",
        )
