"""Schemas of forms, URLs and settings."""

import colander

from civicportal.api.cases import STAGES
from civicportal.api.forms import (
    BoundedInt,
    Choice,
    CityDate,
    CleanText,
    Flag,
    IdempotencyKey,
    KeyList,
    Node,
    Place,
    RadioWidget,
    StrictSchema,
    optional_choice,
)
from civicportal.api.lists import SOURCES, FigureFields, SearchFields
from civicportal.api.settings import Table, number
from civicportal.api.statistics import PeriodFields
from civicportal.api.submission import NamedCaller
from civicportal_reports.i18n import _


class Settings(Table):
    """``[plugins.reports]``.

    :ivar nearby_metres: radius in which an open report of the same category may be a duplicate.
    :ivar nearby_days: maximum age of such a report in days.
    """

    nearby_metres = number(50, validator=colander.Range(1, 1000))
    nearby_days = number(60, validator=colander.Range(1, 3650))


class Submission(StrictSchema):
    """A new report."""

    key = Node(IdempotencyKey())
    category = Node(
        Choice(lambda bindings: bindings["categories"]), title=_("Category"), widget=RadioWidget()
    )
    place = Place(title=_("Location"))
    photo_key = Node(
        KeyList(4),
        title=_("Pictures"),
        description=_("They are made small on your telephone before they are sent."),
        missing=(),
    )
    body = Node(
        CleanText(10, 2000, multiline=True),
        title=_("Description"),
        description=_("What happened, and since when? If it is dangerous, say so."),
    )
    urgent = Node(
        Flag(),
        title=_("It is an immediate danger"),
        description=_("For instance an open manhole or a tree about to fall."),
        missing=False,
    )


class Registration(Submission, NamedCaller):
    """A report registered by an officer for a caller."""


class Conversion(StrictSchema):
    """The data that a case of another kind lacks to become a report."""

    category = Node(Choice(lambda bindings: bindings["categories"]), title=_("Category"))
    place = Place(title=_("Location"))
    urgent = Node(Flag(), title=_("It is an immediate danger"), missing=False)


class NearPlace(StrictSchema):
    """The request of the form for reports nearby."""

    category = Node(Choice(lambda bindings: bindings["categories"]), missing=None)
    place = Place(missing=None)


class MeToo(StrictSchema):
    """The report to follow."""

    case = Node(BoundedInt(1, 2**62))


class PublicFilters(StrictSchema):
    """Filters of the public list."""

    stage = optional_choice(
        [("open", _("Still open")), *((name, STAGES[name]) for name in ("done", "rejected"))],
        _("Status"),
        _("Every status"),
    )
    category = optional_choice("categories", _("Category"), _("All categories"))


class DeskFields(SearchFields):
    """The main filters of reports."""

    stage = optional_choice([("open", _("Still open")), *STAGES.items()], _("Stage"), _("Every stage"))
    status = optional_choice("states", _("Status"), _("Every status"))
    category = optional_choice("categories", _("Category"), _("All categories"))
    unit = optional_choice("units", _("Unit"), _("All units"))
    district = optional_choice("districts", _("District"), _("All districts"))
    source = optional_choice(list(SOURCES.items()), _("Came by"), _("Every way"))
    first_day = Node(CityDate(), title=_("From"), missing=None)
    last_day = Node(CityDate(), title=_("Until"), missing=None, after="first_day")
    urgent = Node(Flag(), title=_("Urgent only"), missing=False)
    overdue = Node(Flag(), title=_("Overdue only"), missing=False)
    itself = Node(Flag(), title=_("The category itself, without those below it"), missing=False)
    located = Node(Flag(), title=_("With a place on the map"), missing=False)


class DeskFilters(FigureFields, DeskFields):
    """Filters of the list, in its URL."""


class FigureSchema(DeskFilters, PeriodFields):
    """Filters of statistics."""
