"""Schemas of forms, URLs and settings."""

import colander

from civicportal.api.cases import Workflow
from civicportal.api.forms import (
    BoundedInt,
    Choice,
    CityDate,
    CleanText,
    Flag,
    IdempotencyKey,
    KeyList,
    Node,
    PlaceField,
    RadioWidget,
    StrictSchema,
)
from civicportal.api.lists import CaseFilters, SearchFields, StatisticsFields
from civicportal.api.settings import SettingsSchema, setting
from civicportal.api.statistics import PeriodFields
from civicportal.api.submission import NamedCaller
from civicportal_reports.i18n import _


class Settings(SettingsSchema):
    """``[plugins.reports]``.

    :ivar nearby_metres: radius in which an open report of the same category may be a duplicate.
    :ivar nearby_days: maximum age of such a report in days.
    """

    nearby_metres = setting(float, 50, validator=colander.Range(1, 1000))
    nearby_days = setting(float, 60, validator=colander.Range(1, 3650))


class Submission(StrictSchema):
    """A new report."""

    key = Node(IdempotencyKey())
    category = Node(
        Choice(lambda bindings: bindings["categories"]), title=_("Category"), widget=RadioWidget()
    )
    place = PlaceField(title=_("Location"))
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


class OwnSubmission(Submission):
    """A new report of a citizen.

    :ivar near_seen: the citizen has seen the open reports nearby.
    """

    near_seen = Node(Flag(), missing=False)


class Registration(Submission, NamedCaller):
    """A report registered by an officer for a caller."""


class Conversion(StrictSchema):
    """The data that a case of another kind lacks to become a report."""

    category = Node(Choice(lambda bindings: bindings["categories"]), title=_("Category"))
    place = PlaceField(title=_("Location"))
    urgent = Node(Flag(), title=_("It is an immediate danger"), missing=False)


class NearbyQuery(StrictSchema):
    """The request of the form for reports nearby."""

    category = Node(Choice(lambda bindings: bindings["categories"]), missing=None)
    place = PlaceField(missing=None)


class MeToo(StrictSchema):
    """The report to follow."""

    case = Node(BoundedInt(1, 2**62))


class PublicFilters(StrictSchema):
    """Filters of the public list."""

    stage = Node(
        Choice(
            [("open", _("Still open")), *((name, Workflow.STAGES[name]) for name in ("done", "rejected"))]
        ),
        title=_("Status"),
        missing=None,
        empty=_("Every status"),
    )
    category = Node(Choice("categories"), title=_("Category"), missing=None, empty=_("All categories"))


class DeskFields(SearchFields):
    """The main filters of reports."""

    stage = Node(
        Choice([("open", _("Still open")), *Workflow.STAGES.items()]),
        title=_("Stage"),
        missing=None,
        empty=_("Every stage"),
    )
    status = Node(Choice("states"), title=_("Status"), missing=None, empty=_("Every status"))
    category = Node(Choice("categories"), title=_("Category"), missing=None, empty=_("All categories"))
    unit = Node(Choice("units"), title=_("Unit"), missing=None, empty=_("All units"))
    district = Node(Choice("districts"), title=_("District"), missing=None, empty=_("All districts"))
    source = Node(
        Choice(list(CaseFilters.SOURCES.items())), title=_("Came by"), missing=None, empty=_("Every way")
    )
    first_day = Node(CityDate(), title=_("From"), missing=None)
    last_day = Node(CityDate(), title=_("Until"), missing=None, after="first_day")
    urgent = Node(Flag(), title=_("Urgent only"), missing=False)
    overdue = Node(Flag(), title=_("Overdue only"), missing=False)
    itself = Node(Flag(), title=_("The category itself, without those below it"), missing=False)
    located = Node(Flag(), title=_("With a place on the map"), missing=False)


class DeskFilters(StatisticsFields, DeskFields):
    """Filters of the list, in its URL."""


class StatisticsSchema(DeskFilters, PeriodFields):
    """Filters of statistics."""
