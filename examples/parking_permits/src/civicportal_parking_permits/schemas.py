"""Schemas of forms and URLs."""

from collections.abc import Callable
from datetime import date

import colander
from translationstring import TranslationString

from civicportal.api.cases import CaseEvent, Workflow
from civicportal.api.forms import (
    BoundedInt,
    Choice,
    CityDate,
    CleanText,
    Flag,
    IdempotencyKey,
    KeyList,
    Node,
    RadioWidget,
    StrictSchema,
)
from civicportal.api.lists import SearchFields, StatisticsFields
from civicportal.api.localization import CityCalendar
from civicportal.api.statistics import PeriodFields
from civicportal_parking_permits.i18n import _
from civicportal_parking_permits.terms import MONTHS

LARGEST_FEE = 10**9


class Submission(StrictSchema):
    """A new application."""

    key = Node(IdempotencyKey())
    zone = Node(Choice(lambda bindings: bindings["zones"]), title=_("Zone"), widget=RadioWidget())
    plate = Node(
        CleanText(2, 16),
        title=_("Plate of the vehicle"),
        description=_("As it stands on the vehicle; blanks do not matter."),
    )
    months = Node(Choice(lambda bindings: bindings["months"]), title=_("How long?"), widget=RadioWidget())
    photo_key = Node(
        KeyList(2),
        title=_("Picture of the vehicle document"),
        description=_("Plate and holder must be readable. Only staff who check it see the picture."),
    )
    body = Node(
        CleanText(0, 1000, multiline=True),
        title=_("What should we know?"),
        missing="",
        rows=3,
    )


class Fee(StrictSchema):
    """The fee to be paid."""

    fee = Node(BoundedInt(0, LARGEST_FEE), title=_("Fee"))
    public_text = Node(
        CleanText(0, 1000, multiline=True),
        title=_("A few words"),
        description=_("The citizen reads this."),
        missing="",
        rows=2,
    )


class Payment(StrictSchema):
    """The cashier's receipt; the portal itself takes no payments."""

    receipt = Node(CleanText(1, 40), title=_("Number of the receipt"))


class Term(StrictSchema):
    """The first and the last day of a permit."""

    first_day = Node(CityDate(), title=_("First day"))
    last_day = Node(CityDate(), title=_("Last day"))

    def deserialize(self, cstruct: object = colander.null) -> dict[str, object]:
        """Return the values of the transition, with those of its message.

        :raises colander.Invalid: when the last day is before the first.
        """
        values = super().deserialize(cstruct)
        if values["last_day"] < values["first_day"]:
            raise colander.Invalid(self["last_day"], _("The last day lies before the first one."))
        return term_values((self.bindings or {})["calendar"], values["first_day"], values["last_day"])


def term_values(calendar: CityCalendar, first: date, last: date) -> dict[str, object]:
    """Return the values of the transition that issues a permit."""
    return {
        "first_day": first.isoformat(),
        "last_day": last.isoformat(),
        CaseEvent.NOTICE: moment_of(calendar, last),
    }


def moment_of(calendar: CityCalendar, day: date) -> dict[str, str]:
    """Return a day as the value ``CaseEvent.NOTICE`` of a message."""
    return {"moment": calendar.day_bounds(day)[0].isoformat(), "note": ""}


class Remarks(StrictSchema):
    """An optional short text."""

    public_text = Node(
        CleanText(0, 500, multiline=True),
        title=_("A few words"),
        missing="",
        rows=2,
    )


class ZoneForm(StrictSchema):
    """The form of a zone."""

    name = Node(CleanText(1, 80), title=_("Name of the zone"))
    fee = Node(BoundedInt(0, LARGEST_FEE), title=_("Fee for a month"))
    quota = Node(
        BoundedInt(0, 10**6), title=_("Places"), description=_("So many permits may be in force at once.")
    )
    active = Node(Flag(), title=_("New applications are taken"), missing=False)


class DeskFields(SearchFields):
    """Filters of the search form of the desk."""

    zone = Node(Choice("zones"), title=_("Zone"), missing=None, empty=_("All zones"))
    stage = Node(
        Choice([("open", _("Still open")), *Workflow.STAGES.items()]),
        title=_("Stage"),
        missing=None,
        empty=_("Every stage"),
    )
    status = Node(Choice("states"), title=_("Status"), missing=None, empty=_("Every status"))
    first_day = Node(CityDate(), title=_("From"), missing=None)
    last_day = Node(CityDate(), title=_("Until"), missing=None, after="first_day")
    overdue = Node(Flag(), title=_("Overdue only"), missing=False)


class DeskFilters(StatisticsFields, DeskFields):
    """Filters of the desk, in its URL."""


class StatisticsSchema(DeskFilters, PeriodFields):
    """Filters of statistics."""


def month_options(translate: Callable[[TranslationString], str]) -> list[tuple[str, str]]:
    """Return the available terms."""
    return [(str(n), translate(_("${count} months", mapping={"count": n}))) for n in MONTHS]
