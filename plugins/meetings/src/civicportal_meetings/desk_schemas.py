"""Schemas of staff forms and URLs."""

from datetime import date

import colander

from civicportal.api.cases import Workflow
from civicportal.api.forms import (
    BoundedInt,
    Choice,
    CityDate,
    CleanText,
    ClockTime,
    Flag,
    IdempotencyKey,
    Node,
    StrictSchema,
    TrackingCode,
    Values,
)
from civicportal.api.lists import CaseFilters, SearchFields, StatisticsFields
from civicportal.api.statistics import PeriodFields
from civicportal_meetings.i18n import _

MOST_SEATS = 200
YEARS = range(1700, 2400)
"""Range of dates in URLs whose neighbours exist in every calendar."""


def of_our_time(node: colander.SchemaNode, day: date) -> None:
    """Refuse a date whose neighbours no calendar has."""
    if day.year not in YEARS:
        raise colander.Invalid(node, _("This date is too far away."))


class SessionSchema(StrictSchema):
    """A public meeting day; without seats it blocks the time."""

    title = Node(
        CleanText(0, 100),
        title=_("Title"),
        description=_(
            "Empty: “Public meeting with the mayor” or “Closed time”, in the language of the reader."
        ),
        missing="",
    )
    day = Node(CityDate(), title=_("Date"), validator=of_our_time)
    first = Node(ClockTime(), title=_("From (time)"))
    last = Node(ClockTime(), title=_("Until (time)"))
    place = Node(CleanText(0, 100), title=_("Place of the meeting"), missing="")
    public_seats = Node(
        BoundedInt(0, MOST_SEATS),
        title=_("Public seats"),
        description=_("Without any seat the time is only kept closed."),
    )
    office_seats = Node(
        BoundedInt(0, MOST_SEATS),
        title=_("Seats of the office"),
        description=_("The office gives them away by itself."),
    )
    reserve_seats = Node(BoundedInt(0, MOST_SEATS), title=_("Places of the waiting list"))

    def validator(self, node: colander.SchemaNode, values: Values) -> None:
        """Refuse a session that ends before it begins."""
        if values["first"] >= values["last"]:
            error = colander.Invalid(node)
            error["last"] = _("It must end after it begins.")
            raise error


class Seats(StrictSchema):
    """The number of seats of a session."""

    public_seats = Node(BoundedInt(0, MOST_SEATS), title=_("Public seats"))
    office_seats = Node(BoundedInt(0, MOST_SEATS), title=_("Seats of the office"))
    reserve_seats = Node(BoundedInt(0, MOST_SEATS), title=_("Places of the waiting list"))


class Waiting(StrictSchema):
    """The request to add to the waiting list."""

    case = Node(
        Choice(lambda bindings: bindings["waiting"]),
        title=_("Request"),
        empty=_("Choose a request"),
    )


class OnWaitingList(StrictSchema):
    """The request to take off the waiting list."""

    case = Node(TrackingCode(), hidden=True)


class NewOrderSchema(StrictSchema):
    """An order of the mayor: text, unit and deadline."""

    key = Node(IdempotencyKey())
    text = Node(CleanText(5, 2000, multiline=True), title=_("Order of the mayor"), rows=3)
    unit = Node(
        Choice(lambda bindings: bindings["units"]),
        title=_("Unit that carries it out"),
        empty=_("Choose a unit"),
    )
    days = Node(BoundedInt(1, 365), title=_("Deadline in office days"))


class DeskFields(SearchFields):
    """Filters of the list, in its URL."""

    first_day = Node(CityDate(), title=_("Registered from"), missing=None)
    last_day = Node(CityDate(), title=_("Registered until"), missing=None, after="first_day")
    status = Node(
        Choice(lambda bindings: bindings["states"]),
        title=_("Status"),
        missing=None,
        empty=_("Waiting for a time"),
    )
    person = Node(CleanText(0, 10), title=_("Of the same applicant as"), missing="", hidden=True)


class FurtherFields(StatisticsFields):
    """Further filters used by links from statistics."""

    stage = Node(
        Choice([("open", _("Still open")), *Workflow.STAGES.items()]),
        title=_("Stage"),
        missing=None,
        empty=_("Every stage"),
    )
    unit = Node(Choice("units"), title=_("Unit"), missing=None, empty=_("All units"))
    source = Node(
        Choice([*CaseFilters.SOURCES.items()]), title=_("Came by"), missing=None, empty=_("Every way")
    )
    overdue = Node(Flag(), title=_("Overdue only"), missing=False)


class DeskFilters(FurtherFields, DeskFields):
    """Filters of the list: those of its form, and those of links from statistics."""

    def after_bind(self, node: colander.SchemaNode, _bindings: object) -> None:
        """Hide the further filters in the form."""
        names = {child.name for child in FurtherFields().children}
        for child in node.children:
            if isinstance(child, Node) and child.name in names:
                child.hidden = True


class StatisticsSchema(FurtherFields, DeskFields, PeriodFields):
    """Filters of statistics."""

    def after_bind(self, node: colander.SchemaNode, _bindings: object) -> None:
        """Remove ratings: meetings have none."""
        del node["rating"]


class Week(StrictSchema):
    """The week shown on the desk: any day of it."""

    day = Node(CityDate(), missing=None)


def day_in(value: str) -> date | None:
    """Return the date in a URL (ISO 8601), else None."""
    try:
        day = date.fromisoformat(value)
    except ValueError:
        return None
    return day if day.year in YEARS else None
