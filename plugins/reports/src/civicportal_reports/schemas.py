"""Schemas of forms, URLs and settings."""

import re
from datetime import UTC, date, timedelta

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
from civicportal.api.geo import Point
from civicportal.api.lists import CaseFilters, SearchFields, StatisticsFields
from civicportal.api.settings import SettingsSchema, setting
from civicportal.api.statistics import PeriodFields
from civicportal.api.submission import NamedCaller
from civicportal_reports.feature_query import USUAL, Interval, Position, parse_box
from civicportal_reports.i18n import _

_HOST = re.compile(r"(https?://)?(\*\.)?[a-z0-9-]+(\.[a-z0-9-]+)*(:\d{1,5})?", re.ASCII)


def _is_time(node: colander.SchemaNode, text: str) -> None:
    if not re.fullmatch(r"([01]\d|2[0-3]):[0-5]\d", text, re.ASCII):
        raise colander.Invalid(node, f"{text!r} is no time of day such as 18:00")


def _are_hosts(node: colander.SchemaNode, hosts: list[str]) -> None:
    for host in hosts:
        if not _HOST.fullmatch(host):
            raise colander.Invalid(node, f"{host!r} is no host such as www.example.org or *.example.org")


def _is_address(node: colander.SchemaNode, text: str) -> None:
    """Refuse an address of a place without its two numbers."""
    try:
        filled = text.format(lat=1, lon=2)
    except (LookupError, ValueError):
        filled = ""
    if text and not (filled.startswith("https://") and "{lat}" in text and "{lon}" in text):
        raise colander.Invalid(
            node, f"{text!r} is no address such as https://maps.example.org/?to={{lat}},{{lon}}"
        )


class Settings(SettingsSchema):
    """``[plugins.reports]``.

    :ivar nearby_metres: radius in which an open report of the same category may be a duplicate.
    :ivar nearby_days: maximum age of such a report in days.
    :ivar embed_hosts: hosts whose pages may show the public map in a frame, for instance ``["www.example.org"]``; empty
        for none.
    :ivar digest_at: time of day of the message about new reports to those who follow a part of the city.
    :ivar open311: whether other software reads published reports, and sends new ones with a token, at ``/open311/``.
    :ivar directions_url: address of a map or navigator on another site with ``{lat}`` and ``{lon}``, which crews open by
        "Directions"; empty for a ``geo:`` link, which the telephone opens in its own application.
    """

    nearby_metres = setting(float, 50, validator=colander.Range(1, 1000))
    nearby_days = setting(float, 60, validator=colander.Range(1, 3650))
    embed_hosts = setting(list, (), validator=_are_hosts)
    digest_at = setting(str, "18:00", validator=_is_time)
    open311 = setting(bool, True)
    directions_url = setting(str, "", validator=_is_address)


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
    """A report registered by an officer for a caller.

    :ivar near_seen: the officer has seen the open reports nearby.
    """

    near_seen = Node(Flag(), missing=False)


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


def point_of(text: str) -> Point:
    """Return the point of a text ``latitude,longitude``.

    :raises ValueError: for anything else.
    """
    lat, _comma, lon = text.partition(",")
    return Point(float(lat), float(lon))


def _is_point(node: colander.SchemaNode, text: str) -> None:
    try:
        point_of(text)
    except ValueError:
        raise colander.Invalid(node, _("This is no place on the map.")) from None


class PublicFilters(StrictSchema):
    """Filters of the public list, in its URL."""

    PERIODS = {
        "week": (7, _("Last seven days")),
        "month": (30, _("Last thirty days")),
        "quarter": (90, _("Last ninety days")),
        "year": (365, _("Last year")),
    }
    """Days and title of each choice of ``since``."""
    DISTANCES = {"500": _("Within 500 m"), "2000": _("Within 2 km"), "5000": _("Within 5 km")}
    """Metres around a point, besides :attr:`USUAL_METRES`."""
    USUAL_METRES = 1000

    place = Node(CleanText(0, 100), title=_("Street, square, park or district"), missing="")
    category = Node(Choice("categories"), title=_("Category"), missing=None, empty=_("All categories"))
    stage = Node(
        Choice([("open", _("Still open")), *Workflow.STAGES.items()]),
        title=_("Status"),
        missing=None,
        empty=_("Every status"),
    )
    since = Node(
        Choice([(name, title) for name, (_days, title) in PERIODS.items()]),
        title=_("Reported"),
        missing=None,
        empty=_("At any time"),
    )
    district = Node(Choice("districts"), title=_("District"), missing=None, empty=_("All districts"))
    near = Node(CleanText(0, 30), title=_("Near a point"), missing="", validator=_is_point)
    within = Node(Choice([*DISTANCES.items()]), title=_("Distance"), missing=None, empty=_("Within 1 km"))

    @classmethod
    def first_day(cls, since: str | None, today: date) -> date | None:
        """Return the first day of a choice of ``since``."""
        return today - timedelta(days=cls.PERIODS[since][0]) if since else None


def _is_box(node: colander.SchemaNode, text: str) -> None:
    try:
        parse_box(text)
    except ValueError:
        raise colander.Invalid(node, _("Write a box as west,south,east,north in degrees.")) from None


def _is_interval(node: colander.SchemaNode, text: str) -> None:
    try:
        Interval.parse(text, UTC)
    except ValueError:
        raise colander.Invalid(
            node, _("Write a time with its offset, a day, or an interval such as 2026-03-21/..")
        ) from None


def _is_position(node: colander.SchemaNode, text: str) -> None:
    try:
        Position.parse(text)
    except ValueError:
        raise colander.Invalid(node, _("Take this address from the link to the next page.")) from None


class FeatureFilters(StrictSchema):
    """The parameters of a page of features; the names are those of OGC API – Features."""

    limit = Node(BoundedInt(1, 10_000), missing=USUAL)
    bbox = Node(CleanText(0, 200), missing="", validator=_is_box)
    datetime = Node(CleanText(0, 80), missing="", validator=_is_interval)
    category = Node(Choice("categories"), missing=None)
    stage = Node(Choice([("open", _("Still open")), *Workflow.STAGES.items()]), missing=None)
    district = Node(Choice("districts"), missing=None)
    after = Node(CleanText(0, 60), missing="", validator=_is_position)


class FieldFilters(StrictSchema):
    """The choices of a crew's list, in its URL."""

    whose = Node(Choice([("mine", _("In my hands")), ("unit", _("Not taken"))]), missing=None)
    near = Node(CleanText(0, 30), title=_("Near a point"), missing="", validator=_is_point)


class FieldWork(StrictSchema):
    """Pictures of work on the spot, and what the device says about them.

    :ivar device_at: time of the device in UTC (ISO 8601); anything else counts as none, as does a wrong position.
    :ivar device_place: position of the device, ``latitude,longitude``.
    """

    photo_key = Node(KeyList(4), title=_("Pictures after the work"), missing=())
    device_at = Node(CleanText(0, 40), missing="", hidden=True)
    device_place = Node(CleanText(0, 40), missing="", hidden=True)


class FieldReport(FieldWork):
    """A report that was finished on the spot."""

    public_text = Node(
        CleanText(5, 2000, multiline=True),
        title=_("Answer to the citizen"),
        description=_("The citizen reads this."),
    )


class FieldJob(FieldWork):
    """A job of a split report that was done on the spot."""

    result = Node(
        CleanText(0, 2000, multiline=True),
        title=_("Result of the job"),
        description=_("The unit that closes the report reads this."),
        missing="",
    )


class FollowedArea(StrictSchema):
    """What a citizen follows."""

    category = Node(Choice("categories"), title=_("Category"), missing=None, empty=_("All categories"))
    district = Node(Choice("districts"), title=_("District"), missing=None, empty=_("All districts"))
    near = Node(CleanText(0, 30), title=_("Near a point"), missing="", validator=_is_point)
    within = Node(
        Choice([*PublicFilters.DISTANCES.items()]), title=_("Distance"), missing=None, empty=_("Within 1 km")
    )


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
    answer = Node(Choice("answers"), title=_("Answer to a question"), missing=None, empty=_("Every answer"))
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
