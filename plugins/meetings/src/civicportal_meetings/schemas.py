"""What forms of staff, addresses and ``site.toml`` may say."""

from datetime import date, datetime, time
from typing import Any

import colander

from civicportal.api import (
    BoundedInt,
    Choice,
    CityDate,
    CleanText,
    ClockTime,
    HiddenWidget,
    Node,
    Reason,
    SelectWidget,
    StrictSchema,
    Table,
    TextAreaWidget,
    _,
    number,
    parse_hours,
    string,
    strings,
)
from civicportal_meetings.steps import NOTE_UNITS, Seat, Time, seat_values, time_values

SHORTEST, LONGEST = 5, 480
"""Minutes of a meeting."""
MOST_SEATS = 200


def _hours(node: colander.SchemaNode, value: str) -> None:
    try:
        opens, closes = parse_hours(value)
        sensible = opens < closes
    except ValueError:
        sensible = False
    if not sensible:
        raise colander.Invalid(node, f"must look like 08:00-14:00, not {value!r}")


def _clock(node: colander.SchemaNode, value: str) -> None:
    try:
        time.fromisoformat(value)
    except ValueError:
        raise colander.Invalid(node, f"must look like 10:00, not {value!r}") from None


def _fives(node: colander.SchemaNode, value: Any) -> None:
    if value not in range(SHORTEST, LONGEST + 1, 5):
        raise colander.Invalid(node, f"must be a multiple of 5 up to {LONGEST}, not {value!r}")


class Settings(Table):
    """``[plugins.meetings]``."""

    unit = string("mayor")
    hours = string("08:00-14:00", validator=_hours)
    default_minutes = number(30, validator=_fives)
    step_minutes = number(30, validator=_fives)
    place = string("")
    bring = strings([])
    reminder_time = string("10:00", validator=_clock)


def _note() -> Any:
    return Node(
        CleanText(0, 300, multiline=True),
        title=_("Note for the citizen"),
        description=_(
            "The citizen reads it. Only its first ${units} characters fit into the SMS.",
            mapping={"units": NOTE_UNITS},
        ),
        missing="",
        widget=TextAreaWidget(rows=2, counter=NOTE_UNITS),
    )


def _expert_note() -> Any:
    return Node(
        CleanText(0, 2000, multiline=True),
        title=_("Expert note"),
        description=_("To prepare the mayor. Only staff read this."),
        missing="",
        widget=TextAreaWidget(rows=3),
    )


def _reason() -> Any:
    return Node(
        CleanText(5, 300, multiline=True),
        title=_("Why the time changes"),
        description=_("The citizen reads this."),
        widget=TextAreaWidget(rows=2),
    )


def _multiple_of_five(node: colander.SchemaNode, value: int) -> None:
    if value % 5:
        raise colander.Invalid(node, _("Please write a multiple of five."))


class Schedule(StrictSchema):
    """Day, time, length and place of a meeting; its values are those of a step, see :mod:`civicportal_meetings.steps`."""

    day = Node(CityDate(), title=_("Date of the meeting"))
    at = Node(ClockTime(), title=_("Time of the meeting"))
    minutes = Node(BoundedInt(SHORTEST, LONGEST), title=_("Length in minutes"), validator=_multiple_of_five)
    place = Node(CleanText(2, 100), title=_("Place of the meeting"))
    note = _note()
    expert_note = _expert_note()

    def deserialize(self, cstruct: Any = colander.null) -> dict[str, Any]:
        """Return the values of the step."""
        values = super().deserialize(cstruct)
        calendar = (self.bindings or {})["calendar"]
        start: datetime = calendar.at(values["day"], values["at"])
        chosen = Time(
            start=start,
            minutes=values["minutes"],
            place=values["place"],
            note=values["note"],
            expert_note=values["expert_note"],
        )
        return time_values(chosen, values.get("reason", ""))


class Reschedule(Schedule):
    """Another time, and why."""

    reason = _reason()


class Invite(StrictSchema):
    """A seat of a session."""

    session = Node(
        Choice(lambda bindings: bindings["session_options"]),
        title=_("Public meeting day"),
        widget=SelectWidget(empty=_("Choose a session")),
    )
    quota = Node(Choice(lambda bindings: bindings["quotas"]), title=_("Seat"), missing="public")
    note = _note()
    expert_note = _expert_note()

    def deserialize(self, cstruct: Any = colander.null) -> dict[str, Any]:
        """Return the values of the step."""
        values = super().deserialize(cstruct)
        session = (self.bindings or {})["sessions"][values["session"]]
        seat = Seat(
            session=session,
            quota=values["quota"],
            note=values["note"],
            expert_note=values["expert_note"],
        )
        return seat_values(seat)


class Minutes(StrictSchema):
    """What came of a meeting."""

    public_text = Node(
        CleanText(5, 2000, multiline=True),
        title=_("Result for the citizen"),
        description=_("The citizen reads this."),
        widget=TextAreaWidget(rows=3),
    )
    internal_text = Node(
        CleanText(0, 4000, multiline=True),
        title=_("Minutes of the meeting"),
        description=_("Only staff read this. Write orders of the mayor afterwards, each with its unit."),
        missing="",
        widget=TextAreaWidget(rows=6),
    )


class Words(StrictSchema):
    """A few words, or none."""

    public_text = Node(
        CleanText(0, 500, multiline=True),
        title=_("A few words"),
        description=_("The office of the mayor reads this."),
        missing="",
        widget=TextAreaWidget(rows=2),
    )


class OtherTime(StrictSchema):
    """Which other time would suit the citizen."""

    public_text = Node(
        CleanText(5, 500, multiline=True),
        title=_("Which days and hours suit you?"),
        description=_("The office of the mayor reads this. Until it answers, the time set stands."),
        widget=TextAreaWidget(rows=2),
    )


class OrderResult(Reason):
    """How an order was carried out, or why not."""


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

    text = Node(
        CleanText(5, 2000, multiline=True), title=_("Order of the mayor"), widget=TextAreaWidget(rows=3)
    )
    unit = Node(
        Choice(lambda bindings: bindings["units"]),
        title=_("Unit that carries it out"),
        widget=SelectWidget(empty=_("Choose a unit")),
    )
    days = Node(BoundedInt(1, 365), title=_("Deadline in office days"))


class Filters(StrictSchema):
    """What narrows the list of the desk; it stands in the address."""

    words = Node(CleanText(0, 100), title=_("Name, words or code"), missing="")
    first_day = Node(CityDate(), title=_("Registered from"), missing=None)
    last_day = Node(CityDate(), title=_("Registered until"), missing=None)
    status = Node(
        Choice(lambda bindings: bindings["states"]),
        title=_("Status"),
        missing=None,
        widget=SelectWidget(empty=_("Waiting for a time")),
    )
    citizen = Node(BoundedInt(0, 2**53), missing=None, widget=HiddenWidget())


class Week(StrictSchema):
    """Which week the desk shows: any day of it."""

    day = Node(CityDate(), missing=None)


def day_in(value: str) -> date | None:
    """Return the day of an address (ISO 8601), or None for what is none."""
    try:
        return date.fromisoformat(value)
    except ValueError:
        return None
