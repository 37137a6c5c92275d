"""Forms of the transitions of requests and orders."""

from datetime import datetime

import colander

from civicportal.api.cases import Reason
from civicportal.api.forms import BoundedInt, Choice, CityDate, CleanText, ClockTime, Node, StrictSchema
from civicportal_meetings.i18n import _
from civicportal_meetings.settings import LONGEST, SHORTEST
from civicportal_meetings.steps import NOTE_UNITS, Seat, Time, seat_values, time_values


def _note() -> Node:
    return Node(
        CleanText(0, 300, multiline=True),
        title=_("Note for the citizen"),
        description=_(
            "The citizen reads it. Only its first ${units} characters fit into the SMS.",
            mapping={"units": NOTE_UNITS},
        ),
        missing="",
        rows=2,
        counter=NOTE_UNITS,
    )


def _expert_note() -> Node:
    return Node(
        CleanText(0, 2000, multiline=True),
        title=_("Expert note"),
        description=_("To prepare the mayor. Only staff read this."),
        missing="",
        rows=3,
    )


def _reason() -> Node:
    return Node(
        CleanText(5, 300, multiline=True),
        title=_("Why the time changes"),
        description=_("The citizen reads this."),
        rows=2,
    )


def _multiple_of_five(node: colander.SchemaNode, value: int) -> None:
    if value % 5:
        raise colander.Invalid(node, _("Please write a multiple of five."))


class Schedule(StrictSchema):
    """Date, time, length and place of a meeting.

    The values are those of a transition, see :mod:`civicportal_meetings.steps`.
    """

    day = Node(CityDate(), title=_("Date of the meeting"))
    at = Node(ClockTime(), title=_("Time of the meeting"))
    minutes = Node(BoundedInt(SHORTEST, LONGEST), title=_("Length in minutes"), validator=_multiple_of_five)
    place = Node(CleanText(2, 100), title=_("Place of the meeting"))
    note = _note()
    expert_note = _expert_note()

    def deserialize(self, cstruct: object = colander.null) -> dict[str, object]:
        """Return the values of the transition."""
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
    """A new time, and the reason."""

    reason = _reason()


class Invite(StrictSchema):
    """A seat of a session."""

    session = Node(
        Choice(lambda bindings: bindings["session_options"]),
        title=_("Public meeting day"),
        empty=_("Choose a session"),
    )
    quota = Node(Choice(lambda bindings: bindings["quotas"]), title=_("Seat"), missing="public")
    note = _note()
    expert_note = _expert_note()

    def deserialize(self, cstruct: object = colander.null) -> dict[str, object]:
        """Return the values of the transition."""
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
    """The minutes of a meeting."""

    public_text = Node(
        CleanText(5, 2000, multiline=True),
        title=_("Result for the citizen"),
        description=_("The citizen reads this."),
        rows=3,
    )
    internal_text = Node(
        CleanText(0, 4000, multiline=True),
        title=_("Minutes of the meeting"),
        description=_("Only staff read this. Write orders of the mayor afterwards, each with its unit."),
        missing="",
        rows=6,
    )


class OptionalNote(StrictSchema):
    """An optional note."""

    public_text = Node(
        CleanText(0, 500, multiline=True),
        title=_("A few words"),
        description=_("The office of the mayor reads this."),
        missing="",
        rows=2,
    )


class OtherTime(StrictSchema):
    """The citizen's proposal of another time."""

    public_text = Node(
        CleanText(5, 500, multiline=True),
        title=_("Which days and hours suit you?"),
        description=_("The office of the mayor reads this. Until it answers, the time set stands."),
        rows=2,
    )


class OrderResult(Reason):
    """The result of an order, or why it was not carried out."""
