"""What the forms of the desk ask for, and what stands in its addresses."""

from datetime import date
from typing import Any

import colander

from civicportal.api import (
    SOURCES,
    STAGES,
    BoundedInt,
    Choice,
    CityDate,
    CleanText,
    ClockTime,
    FigureFields,
    Flag,
    HiddenWidget,
    IdempotencyKey,
    Node,
    PeriodFields,
    SearchFields,
    SelectWidget,
    StrictSchema,
    TextAreaWidget,
    _,
    optional_choice,
)

MOST_SEATS = 200
YEARS = range(1700, 2400)
"""Of the days in addresses: those beside them exist in every calendar."""


class Session(StrictSchema):
    """A public meeting day; without seats the time is kept closed."""

    title = Node(CleanText(2, 100), title=_("Title"))
    day = Node(CityDate(), title=_("Date"))
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
    reserve_seats = Node(BoundedInt(0, MOST_SEATS), title=_("Places of the reserve list"))

    def validator(self, node: colander.SchemaNode, values: dict[str, Any]) -> None:
        """Refuse a session that ends before it begins."""
        if values["first"] >= values["last"]:
            error = colander.Invalid(node)
            error["last"] = _("It must end after it begins.")
            raise error


class Seats(StrictSchema):
    """How many seats a session has."""

    public_seats = Node(BoundedInt(0, MOST_SEATS), title=_("Public seats"))
    office_seats = Node(BoundedInt(0, MOST_SEATS), title=_("Seats of the office"))
    reserve_seats = Node(BoundedInt(0, MOST_SEATS), title=_("Places of the reserve list"))


class Waiting(StrictSchema):
    """Which request goes on the reserve list."""

    case = Node(
        Choice(lambda bindings: bindings["waiting"]),
        title=_("Request"),
        widget=SelectWidget(empty=_("Choose a request")),
    )


class NewOrder(StrictSchema):
    """What the mayor ordered, to whom, and until when."""

    key = Node(IdempotencyKey())
    text = Node(
        CleanText(5, 2000, multiline=True), title=_("Order of the mayor"), widget=TextAreaWidget(rows=3)
    )
    unit = Node(
        Choice(lambda bindings: bindings["units"]),
        title=_("Unit that carries it out"),
        widget=SelectWidget(empty=_("Choose a unit")),
    )
    days = Node(BoundedInt(1, 365), title=_("Deadline in office days"))


class DeskFields(SearchFields):
    """What narrows the list of the desk; it stands in the address."""

    first_day = Node(CityDate(), title=_("Registered from"), missing=None)
    last_day = Node(CityDate(), title=_("Registered until"), missing=None, after="first_day")
    status = Node(
        Choice(lambda bindings: bindings["states"]),
        title=_("Status"),
        missing=None,
        widget=SelectWidget(empty=_("Waiting for a time")),
    )
    person = Node(CleanText(0, 10), title=_("Of the same applicant as"), missing="", widget=HiddenWidget())


class FurtherFields(FigureFields):
    """What figures narrow it by besides."""

    stage = optional_choice([("open", _("Still open")), *STAGES.items()], _("Stage"), _("Every stage"))
    unit = optional_choice("units", _("Unit"), _("All units"))
    source = optional_choice([*SOURCES.items()], _("Came by"), _("Every way"))
    overdue = Node(Flag(), title=_("Overdue only"), missing=False)


class Filters(FurtherFields, DeskFields):
    """The filters of the list: a short form, and what a figure that led here says besides."""

    def after_bind(self, node: colander.SchemaNode, _bindings: Any) -> None:
        """Keep the form short."""
        for name in (child.name for child in FurtherFields().children):
            node[name].widget = HiddenWidget()


class FigureSchema(FurtherFields, DeskFields, PeriodFields):
    """What figures are asked for."""

    def after_bind(self, node: colander.SchemaNode, _bindings: Any) -> None:
        """Ask for no ratings: a meeting has none."""
        del node["rating"]


class Week(StrictSchema):
    """Which week the desk shows: any day of it."""

    day = Node(CityDate(), missing=None)


def day_in(value: str) -> date | None:
    """Return the day of an address (ISO 8601), or None for what is none."""
    try:
        day = date.fromisoformat(value)
    except ValueError:
        return None
    return day if day.year in YEARS else None
