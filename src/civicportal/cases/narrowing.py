"""Filters that every list of cases has, so that each figure of the statistics leads to the list behind it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement

from civicportal.calendar import CityCalendar
from civicportal.calendar.sql import city_hour, city_weekday
from civicportal.cases.conditions import closed_on_time, late, mostly_satisfied
from civicportal.cases.models import Case
from civicportal.forms.optional import optional_choice
from civicportal.i18n import _
from civicportal.schema import Flag, Node, StrictSchema

TIMINGS = {"on_time": _("Closed on time"), "late": _("Closed late, or overdue")}
RATINGS = {
    "rated": _("Rated"),
    "satisfied": _("Rated, mostly satisfied"),
    "dissatisfied": _("Rated, not mostly satisfied"),
}
WEEKDAYS = [
    ("0", _("Monday")),
    ("1", _("Tuesday")),
    ("2", _("Wednesday")),
    ("3", _("Thursday")),
    ("4", _("Friday")),
    ("5", _("Saturday")),
    ("6", _("Sunday")),
]
"""As Python counts them."""
HOURS = [(str(hour), f"{hour:02}:00") for hour in range(24)]


@dataclass(frozen=True, kw_only=True)
class FigureFilters:
    """What narrows a list by what figures count; an empty field does not.

    :ivar timing: one of :data:`TIMINGS`.
    :ivar rating: one of :data:`RATINGS`.
    :ivar reopened: opened again at least once.
    :ivar passed_on: referred or returned at least once.
    :ivar weekday: on which it was registered in the city, Monday being "0".
    :ivar hour: of the city's clock at which it was registered.
    """

    timing: str | None = None
    rating: str | None = None
    reopened: bool = False
    passed_on: bool = False
    weekday: str | None = None
    hour: str | None = None

    def figure_conditions(self, calendar: CityCalendar, now: datetime) -> list[ColumnElement[bool]]:
        """Return these filters as conditions on ``Case``."""
        found: list[ColumnElement[bool]] = []
        if self.timing:
            found.append(closed_on_time() if self.timing == "on_time" else late(now))
        if self.rating:
            found.append(Case.rated > 0)
        if self.rating in ("satisfied", "dissatisfied"):
            found.append(mostly_satisfied() if self.rating == "satisfied" else ~mostly_satisfied())
        if self.reopened:
            found.append(Case.reopenings > 0)
        if self.passed_on:
            found.append(Case.hops > 0)
        if self.weekday:
            found.append(city_weekday(Case.created_at, calendar.timezone) == int(self.weekday))
        if self.hour:
            found.append(city_hour(Case.created_at, calendar.timezone) == int(self.hour))
        return found


def _in_order(bindings: Mapping[str, Any]) -> list[tuple[str, Any]]:
    return [WEEKDAYS[day] for day in bindings["calendar"].week]


class FigureFields(StrictSchema):
    """The same as fields of a list's form."""

    timing = optional_choice([*TIMINGS.items()], _("On time"), _("Whether on time or not"))
    rating = optional_choice([*RATINGS.items()], _("Satisfaction"), _("Whether rated or not"))
    weekday = optional_choice(_in_order, _("Day of the week"), _("Every day of the week"))
    hour = optional_choice(HOURS, _("Hour of the day"), _("Every hour"))
    reopened = Node(Flag(), title=_("Opened again"), missing=False)
    passed_on = Node(Flag(), title=_("Passed on"), missing=False)
